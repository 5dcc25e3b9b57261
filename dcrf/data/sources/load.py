"""Find the source of a data set by its name, and open the data set or outline it."""

import inspect
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import MappingProxyType

from dcrf.data.problems.problems import ProblemMaker
from dcrf.data.sources.base import EncodingSource, Options, Source, SuggestingSource, TextSource
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.provenance import with_provenance
from dcrf.data.sources.raw_data import (
    NO_ARRAYS,
    Arrays,
    Encoding,
    RawData,
    concatenate,
    select,
)
from dcrf.errors import DataError, OptionError, Remedy
from dcrf.schema.registry import SOURCES


def open_data(
    source: str,
    dataset: str,
    options: Options,
    *,
    parts: Sequence[Options] = (),
    first: int | None = None,
    last: int | None = None,
    arrays: Arrays = NO_ARRAYS,
    encoding: Encoding | None = None,
) -> RawData:
    """Open a data set.

    Args:
        source: a name of a source in `SOURCES`.
        dataset: the name of the data set in its source.
        options: the source's arguments.
        parts: options of each part that differ from `options`; parts are concatenated.
        first: index of the first sample to keep, counted over all parts.
        last: index of the last sample to keep, inclusive.
        arrays: data handed over in Python, for sources that ask for `arrays`.
        encoding: of training data, from which these are encoded alike; None to fit one.

    Raises:
        DataError: the data cannot be read, or the range exceeds them.
        LookupError: the source is unknown.
    """
    opened = [
        _open(source, dataset, {**options, **part}, arrays, encoding) for part in parts or ({},)
    ]
    try:
        return select(concatenate(opened), first, last)
    except DataError as error:
        raise DataError(f"data set {dataset}: {error}") from error


def outline_data(
    source: str, dataset: str, options: Options, arrays: Arrays = NO_ARRAYS
) -> Outline:
    """Return number, shape and type of the samples of a data set, or of a part, without reading.

    Raises:
        DataError: the data set cannot be used.
        OptionError: one of its options is wrong.
        LookupError: the source is unknown.
    """
    return _unread(source, dataset, options, arrays).outline()


def documents_of(source: str, dataset: str, options: Options) -> Iterable[str] | None:
    """Return the documents whose terms are the samples of a data set, None if it has no texts.

    Args:
        source: a name of a source in `SOURCES`.
        dataset: the name of the data set in its source.
        options: the source's arguments.

    Raises:
        DataError: they cannot be read.
    """
    unread = _unread(source, dataset, options, NO_ARRAYS)
    return unread.documents() if isinstance(unread, TextSource) else None


def problem_maker(
    source: str, dataset: str, options: Options, n_clusters: int
) -> tuple[ProblemMaker, int]:
    """Return what makes the clustering problems of a source that has them, and their number.

    Args:
        source: a name of a source in `SOURCES` whose `x-batch` is `problems`.
        dataset: the name of the data set.
        options: the source's arguments.
        n_clusters: the greatest number of clusters of a problem.

    Raises:
        OptionError: the options do not go together.
    """
    problems = SOURCES.resolve(source)(dataset, **options)
    return problems.problems(n_clusters), problems.num_problems


def suggested_options(source: str, dataset: str, options: Options) -> Options:
    """Return options that a source suggests for its data beside those that are given.

    A list has the values that are given, and more.

    Raises:
        OptionError: the data cannot be used without an option that only the user knows.
    """
    unread = _unread(source, dataset, options, NO_ARRAYS)
    return unread.suggested() if isinstance(unread, SuggestingSource) else {}


def reads_path(source: str, path: Path) -> bool:
    """Whether a source reads files with the ending of a path, or such files in a folder."""
    if path.is_dir():
        endings = tuple(SOURCES.schemas[source].get("x-folder-endings", ()))
        return bool(endings) and any(f.name.lower().endswith(endings) for f in path.rglob("*"))
    endings = tuple(SOURCES.schemas[source].get("x-file-endings", ()))
    return bool(endings) and path.name.lower().endswith(endings)


def source_of_file(path: Path, options: Options = MappingProxyType({})) -> str:
    """Return the name of the source that reads a file or a folder and has some options.

    Raises:
        DataError: none reads it.
        OptionError: none that reads it has all options.
    """
    readers = [stem for stem in SOURCES.schemas if reads_path(stem, path)]
    if not readers:
        raise DataError(f"{path}: {_expected(path)}")
    for stem in readers:
        if {*options} <= SOURCES.properties(stem).keys():
            return stem
    known = {stem: options.keys() & SOURCES.properties(stem).keys() for stem in readers}
    if {*options} <= set().union(*known.values()):
        owners = {key: [stem for stem in readers if key in known[stem]] for key in options}
        remedies = [
            Remedy(key, options[key], f"is an option of {' and '.join(stems)}")
            for key, stems in owners.items()
            if len(stems) < len(readers)
        ]
        message = f"no source that reads {path} has all of these options"
        raise OptionError(remedies[0].key, message, remedies=remedies)
    nearest = max(readers, key=lambda stem: len(known[stem]))
    missing = next(key for key in options if key not in SOURCES.properties(nearest))
    refused = Remedy(missing, options[missing], "is not one of its options")
    raise OptionError(missing, f"{path} is read by the source {nearest}", remedies=(refused,))


def source_like(path: Path, source: str) -> str:
    """Return the source that reads new data at a path for a method trained on another source.

    That is the same source if it reads the path, or one that reads its encoding.

    Raises:
        DataError: no source reads the path.
    """
    kind = encoding_kind(source)
    readers = [stem for stem in SOURCES.schemas if reads_path(stem, path)]
    alike = [stem for stem in readers if kind is not None and encoding_kind(stem) == kind]
    if SOURCES.stems[source] in readers:
        return source
    return alike[0] if alike else source_of_file(path)


def encoding_kind(source: str) -> str | None:
    """Return the kind of the encoding that a source fits and reads; None if it has none."""
    kind: str | None = SOURCES.schemas[SOURCES.stems[source]].get("x-encoding")
    return kind


def _expected(path: Path) -> str:
    key = "x-folder-endings" if path.is_dir() else "x-file-endings"
    endings = dict.fromkeys(e for s in SOURCES.schemas.values() for e in s.get(key, ()))
    if path.is_dir():
        return f"the folder holds no file that ends in {', '.join(endings)}"
    if not path.exists() and not path.suffix:
        return "it does not exist"
    return f"expected a file that ends in {', '.join(endings)}, or a folder of images or texts"


def takes_arrays(source: str) -> bool:
    """Whether a source reads data handed over in Python."""
    return "arrays" in inspect.signature(SOURCES.resolve(source)).parameters


def _open(
    source: str, dataset: str, options: Options, arrays: Arrays, encoding: Encoding | None
) -> RawData:
    """Open a data set or a part of it, with the provenance beside its file."""
    unread = _unread(source, dataset, options, arrays)
    if encoding is not None and isinstance(unread, EncodingSource):
        raw = unread.open_like(encoding)
    else:
        raw = unread.open()
    return with_provenance(raw, options.get("path"))


def _unread(source: str, dataset: str, options: Options, arrays: Arrays) -> Source:
    handed_over = {"arrays": arrays} if takes_arrays(source) else {}
    return SOURCES.resolve(source)(dataset, **options, **handed_over)
