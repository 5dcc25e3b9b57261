"""Where data come from, by the names that files use."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from sklearn import datasets as sklearn_sets

from dcrf.data.sources.arrays import open_npy, open_npz
from dcrf.data.sources.raw_data import RawData, concatenate, select
from dcrf.data.sources.torchvision import open_torchvision
from dcrf.errors import DataError

_SKLEARN_TABLES = MappingProxyType(
    {
        "load_breast_cancer": sklearn_sets.load_breast_cancer,
        "load_iris": sklearn_sets.load_iris,
        "load_wine": sklearn_sets.load_wine,
    }
)


def open_data(
    source: str,
    dataset: str,
    options: Mapping[str, Any],
    *,
    parts: Sequence[Mapping[str, Any]] = (),
    first: int | None = None,
    last: int | None = None,
) -> RawData:
    """Open a data set.

    Args:
        source: a name in `SOURCES`.
        dataset: what the source calls the data set.
        options: the source's arguments.
        parts: for each part the options that differ; parts are concatenated.
        first: index of the first sample to keep, counted over all parts.
        last: index of the last sample to keep, inclusive.

    Raises:
        DataError: the data cannot be read, or the range does not fit them.
    """
    opener = SOURCES[source]
    opened = [opener(dataset, **{**options, **part}) for part in parts or ({},)]
    try:
        return select(concatenate(opened), first, last)
    except DataError as error:
        raise DataError(f"data set {dataset}: {error}") from error


def open_sklearn(dataset: str) -> RawData:
    """Open one of the data sets that come with scikit-learn.

    `load_digits` gives float32 images (1797, 1, 8, 8), divided by 16 into [0, 1]. `load_iris`,
    `load_wine` and `load_breast_cancer` give float32 vectors (N, d); every column is moved and
    scaled to reach from 0 to 1.
    """
    if dataset == "load_digits":
        digits = sklearn_sets.load_digits()
        images = torch.from_numpy(digits.images / 16).float().unsqueeze(1)
        return RawData(images, digits.target.astype(np.int64))
    if dataset not in _SKLEARN_TABLES:
        known = ", ".join(["load_digits", *_SKLEARN_TABLES])
        raise DataError(f"scikit-learn has no bundled data set {dataset}; there are: {known}")
    table = _SKLEARN_TABLES[dataset]()
    low, high = table.data.min(axis=0), table.data.max(axis=0)
    samples = (table.data - low) / np.where(high > low, high - low, 1)
    return RawData(torch.from_numpy(samples).float(), table.target.astype(np.int64))


SOURCES: Mapping[str, Callable[..., RawData]] = MappingProxyType(
    {
        "npy": open_npy,
        "npz": open_npz,
        "sklearn": open_sklearn,
        "torchvision": open_torchvision,
    }
)
