"""Find the source of a data set by its name, and open the data set or outline it."""

import inspect
from collections.abc import Sequence
from pathlib import Path

from dcrf.data.problems.problems import ProblemMaker
from dcrf.data.sources.base import Options, Source
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.provenance import with_provenance
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays, RawData, concatenate, select
from dcrf.errors import DataError
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

    Raises:
        DataError: the data cannot be read, or the range exceeds them.
        LookupError: the source is unknown.
    """
    opened = [_open(source, dataset, {**options, **part}, arrays) for part in parts or ({},)]
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


def source_of_file(path: Path) -> str:
    """Return the name of the source that reads files with the ending of a path, or a folder.

    Raises:
        DataError: none does.
    """
    endings = {
        ending: stem
        for stem, schema in SOURCES.schemas.items()
        for ending in schema.get("x-file-endings", ())
    }
    name = f"{path.name.lower()}{'/' if path.is_dir() else ''}"
    for ending, stem in endings.items():
        if name.endswith(ending):
            return stem
    known = ", ".join(ending for ending in endings if ending != "/")
    raise DataError(f"{path}: expected a file that ends in {known}, or a folder of images")


def takes_arrays(source: str) -> bool:
    """Whether a source reads data handed over in Python."""
    return "arrays" in inspect.signature(SOURCES.resolve(source)).parameters


def _open(source: str, dataset: str, options: Options, arrays: Arrays) -> RawData:
    """Open a data set or a part of it, with the provenance beside its file."""
    raw = _unread(source, dataset, options, arrays).open()
    return with_provenance(raw, options.get("path"))


def _unread(source: str, dataset: str, options: Options, arrays: Arrays) -> Source:
    handed_over = {"arrays": arrays} if takes_arrays(source) else {}
    return SOURCES.resolve(source)(dataset, **options, **handed_over)
