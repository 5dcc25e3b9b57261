"""Where data come from, by the names that files use."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from sklearn import datasets as sklearn_sets
from torch import Tensor

from dcrf.data.raw import READING_ERRORS, RawData, concatenate, select
from dcrf.data.torchvision_sets import open_torchvision
from dcrf.errors import DataError

_TABLE_AXES = 2

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


def open_npz(
    dataset: str, *, path: str, samples_key: str = "samples", labels_key: str = "labels"
) -> RawData:
    """Open arrays in an `.npz` file.

    Samples of uint8 with the shape (N, H, W), or (N, H, W, C) with 1, 3 or 4 channels, are images
    and are scaled to [0, 1] as `ToTensor` does. All others become float32 as they are.

    Args:
        dataset: what errors call the data.
        path: the file.
        samples_key: name of the array of samples.
        labels_key: name of the array of labels, (N,) integers. An array `labels` may be absent.

    Raises:
        DataError: the file or an array is missing, or an array is not what it should be.
    """
    try:
        arrays = _read_arrays(Path(path), samples_key, labels_key)
        samples = _samples_tensor(arrays[samples_key])
        labels = _checked_labels(arrays.get(labels_key), len(samples))
    except DataError as error:
        raise DataError(f"data set {dataset} in {path}: {error}") from error
    return RawData(samples, labels)


def _read_arrays(path: Path, samples_key: str, labels_key: str) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise DataError("there is no such file")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError("a single array, save it with numpy.savez(path, samples=...)")
            wanted = [key for key in (samples_key, labels_key) if key in archive]
            absent = {samples_key, labels_key} - set(wanted) - ({"labels"} - {samples_key})
            if absent:
                found = ", ".join(archive.files)
                raise DataError(f"no array {', '.join(sorted(absent))}; the file has: {found}")
            return {key: archive[key] for key in wanted}
    except READING_ERRORS as error:
        raise DataError(f"cannot be read as plain arrays ({error})") from error


def _samples_tensor(array: np.ndarray) -> Tensor:
    if array.ndim < _TABLE_AXES or not len(array):
        raise DataError(f"samples have the shape {array.shape}; at least one, as (N, d), is needed")
    if array.dtype == np.uint8 and array.ndim > _TABLE_AXES:
        return _images(array)
    if array.dtype.kind not in "buif":
        raise DataError(f"samples are of type {array.dtype}; numbers are needed")
    samples = torch.from_numpy(array.astype(np.float32))
    finite = samples.flatten(1).isfinite().all(dim=1)
    if not finite.all():
        raise DataError(f"sample {int(finite.int().argmin())} has a value that is not finite")
    return samples


def _images(array: np.ndarray) -> Tensor:
    match array.shape:
        case (_, _, _):
            images = array[..., None]
        case (_, _, _, 1 | 3 | 4):
            images = array
        case _:
            raise DataError(
                f"samples of uint8 have the shape {array.shape}; images are (N, H, W) or "
                "(N, H, W, C) with 1, 3 or 4 channels, and other data are to be saved as float32"
            )
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def _checked_labels(labels: np.ndarray | None, size: int) -> np.ndarray | None:
    if labels is None:
        return None
    if labels.shape != (size,):
        raise DataError(f"labels have the shape {labels.shape}; one for each of {size} is needed")
    if labels.dtype.kind not in "bui":
        raise DataError(f"labels are of type {labels.dtype}; integers are needed")
    return labels.astype(np.int64)


SOURCES: Mapping[str, Callable[..., RawData]] = MappingProxyType(
    {"npz": open_npz, "sklearn": open_sklearn, "torchvision": open_torchvision}
)
