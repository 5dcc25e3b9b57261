"""Notes for the user that depend on labels. Training does not see them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SMALL_SHARE = 2 / 3
"""Of the classes in a batch of shuffled samples, up to which batches in order are a problem."""


def label_notes(
    labels: NDArray[np.integer] | None, sizes_in_order: Sequence[int] | None
) -> tuple[str, ...]:
    """Return sentences about labels of a single class, or sorted by class in unshuffled batches.

    Args:
        labels: (N,) classes, or None without labels.
        sizes_in_order: the batch sizes of an epoch if training takes samples in index order, else
            None.
    """
    if labels is None:
        return ()
    classes = np.unique(labels, return_inverse=True)[1]
    n_classes = int(classes.max()) + 1
    if n_classes == 1:
        return (
            f"all samples have the label {labels[0]}, so internal metrics replace ACC, NMI and ARI",
        )
    if sizes_in_order is None:
        return ()
    in_order, shuffled = _classes_per_batch(classes, sizes_in_order)
    if in_order > _SMALL_SHARE * shuffled:
        return ()
    return (
        f"samples are sorted by class: a batch has {in_order:.1f} of {n_classes} classes on "
        f'average, and {shuffled:.1f} if they are shuffled; set "sampling" to "shuffled"',
    )


def _classes_per_batch(classes: NDArray[np.integer], sizes: Sequence[int]) -> tuple[float, float]:
    """Return the mean number of different classes in a batch, in order and expected if shuffled."""
    ends = np.cumsum(sizes)
    batches = [classes[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    shares = np.bincount(classes) / len(classes)
    in_order = np.mean([len(np.unique(batch)) for batch in batches])
    shuffled = np.mean([(1 - (1 - shares) ** size).sum() for size in sizes])
    return float(in_order), float(shuffled)
