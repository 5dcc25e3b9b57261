"""What batches of a data set will look like, before any sample is read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dcrf.builder.components import At
from dcrf.builder.view_shapes import Shape, view_shape
from dcrf.config.model import DatasetConfig
from dcrf.data.plan import Loading, check_batch_size
from dcrf.data.shapes import Outline, outline, selected
from dcrf.errors import DataError

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
    unknown = Outline(None, (), None)
    found = unknown
    with at(f"{entry.path}.path" if "path" in entry.options else f"{entry.path}.dataset"):
        found = outline(entry.source, entry.dataset, entry.options, entry.parts)
    found = _checked(entry, found, at)
    entries = {DEFAULT: entry.transforms, **entry.batch_augmentations}
    paths = [entry.path, *(f"{entry.path}.batch_augmentations[{i}]" for i in range(len(entries)))]
    shapes: dict[str, Shape | None] = {}
    for (name, transforms), path in zip(entries.items(), paths, strict=False):
        draws = _DRAWS if name in used else 1
        shapes[name] = view_shape(found.examples, transforms or (), draws, f"{path}.transforms", at)
    complete = {name: shape for name, shape in shapes.items() if shape is not None}
    is_known = len(complete) == len(shapes)
    return Expected(complete if is_known else None, found.n_samples, found.has_labels is not False)


def _checked(entry: DatasetConfig, found: Outline, at: At) -> Outline:
    """Return the outline of the samples that are used."""
    n_samples = found.n_samples
    if n_samples is None:
        return found
    ends = ("index_of_last_sample_to_use", "index_of_first_sample_to_use")
    beyond = entry.last is not None and entry.last >= n_samples
    with at(f"{entry.path}.{ends[0] if beyond or entry.first is None else ends[1]}"):
        n_samples = selected(n_samples, entry.first, entry.last)
    with at(f"{entry.path}.batch_size"):
        check_batch_size(n_samples, Loading(entry.batch_size, drop_last=entry.drop_last))
    with at(f"{entry.path}.num_clusters"):
        if n_samples < entry.num_clusters:
            raise DataError(f"{n_samples} samples cannot form {entry.num_clusters} clusters")
    return replace(found, n_samples=n_samples)
