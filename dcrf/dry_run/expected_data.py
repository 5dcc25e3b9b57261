"""What batches of a data set will look like, before any sample is read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from dcrf.builder.components import At
from dcrf.config.method_config import DatasetConfig, Options
from dcrf.config.rules.suggestions import closest
from dcrf.data.batch_order import Loading, check_batch_size
from dcrf.data.sources.load import outline_data
from dcrf.data.sources.outline import (
    UNKNOWN,
    Outline,
    concatenated,
    parts_in_range,
    size_of_range,
)
from dcrf.dry_run.expected_views import Shape, different, view_shape
from dcrf.errors import DataError, OptionError

Shapes = Mapping[str, Shape]
"""View, `""` for the default one -> shape of a sample in it."""

DEFAULT = ""
_DRAWS = 3  # of a random view, whose shapes must be equal


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of the data of a data set.

    shapes: of its views; None where they are not known.
    n_samples: N, None where it is not known.
    has_labels: whether there are labels, or may be.
    """

    shapes: Shapes | None
    n_samples: int | None
    has_labels: bool


def expected(entry: DatasetConfig, used_views: Collection[str], at: At) -> Expected:
    """Return what is known; `at` gets the problems, each at its JSON path.

    Args:
        entry: the data set.
        used_views: the named views that patterns ask for on it; of others no batch is made.
        at: what becomes of problems.
    """
    used = {DEFAULT, *used_views}
    parts = _parts(entry, at)
    found = _checked(entry, concatenated(parts), at)
    parts = parts_in_range(parts, entry.first, entry.last)
    entries = {DEFAULT: entry.transforms, **entry.batch_augmentations}
    paths = [entry.path, *(f"{entry.path}.batch_augmentations[{i}]" for i in range(len(entries)))]
    shapes: dict[str, Shape] = {}
    for (name, transforms), path in zip(entries.items(), paths, strict=False):
        draws = _DRAWS if name in used else 1
        shape = _of_all(parts, transforms or (), draws, f"{path}.transforms", at)
        shapes |= {} if shape is None else {name: shape}
    is_known = len(shapes) == len(entries)
    return Expected(shapes if is_known else None, found.n_samples, found.has_labels is not False)


def _parts(entry: DatasetConfig, at: At) -> Sequence[Outline]:
    """Return what is known of each part; nothing of one that has a problem."""
    found = []
    for index, part in enumerate(entry.parts or ({},)):
        outlined = UNKNOWN
        try:
            outlined = outline_data(entry.source, entry.dataset, {**entry.options, **part})
        except DataError as error:
            with at(f"{entry.path}.{_place(entry, index, error)}"):
                raise _guessing(error) from error
        found.append(outlined)
    return found


def _place(entry: DatasetConfig, index: int, error: DataError) -> str:
    """Return where that stands which is wrong with a part."""
    if not isinstance(error, OptionError):
        return "dataset"
    is_own = entry.parts and error.key in entry.parts[index]
    return f"parts[{index}].{error.key}" if is_own else error.key


def _guessing(error: DataError) -> DataError:
    """Return the error with the name that may be meant."""
    if isinstance(error, OptionError) and (guess := closest(error.given, error.known)):
        return DataError(f"{error}; did you mean {guess!r}?")
    return error


def _of_all(
    parts: Sequence[Outline], transforms: Sequence[Options], draws: int, path: str, at: At
) -> Shape | None:
    """Return the shape that a view gives the samples of all parts; None if that is not known."""
    shapes = [view_shape(part.examples, transforms, draws, path, at) for part in parts]
    known = [shape for shape in shapes if shape is not None]
    for shape in known:
        if shape != known[0]:
            with at(path):
                raise different(known[0], shape)
            return None
    return known[0] if known and len(known) == len(shapes) else None


def _checked(entry: DatasetConfig, found: Outline, at: At) -> Outline:
    """Return the outline of the samples that are used."""
    n_samples = found.n_samples
    if n_samples is None:
        return found
    ends = ("index_of_last_sample_to_use", "index_of_first_sample_to_use")
    beyond = entry.last is not None and entry.last >= n_samples
    with at(f"{entry.path}.{ends[0] if beyond or entry.first is None else ends[1]}"):
        n_samples = size_of_range(n_samples, entry.first, entry.last)
    with at(f"{entry.path}.batch_size"):
        check_batch_size(n_samples, Loading(entry.batch_size, drop_last=entry.drop_last))
    with at(f"{entry.path}.num_clusters"):
        if n_samples < entry.num_clusters:
            raise DataError(f"{n_samples} samples cannot form {entry.num_clusters} clusters")
    return replace(found, n_samples=n_samples)
