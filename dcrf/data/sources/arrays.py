"""Data sets in numpy's files: `.npz`, read into memory, and `.npy`, which stay on the disk."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError
from dcrf.safety.limits import SAMPLES_IN_MEMORY_BYTES
from dcrf.safety.memory import free_memory, gib, unpacked_size
from dcrf.safety.numpy_headers import npy_header, npz_headers, reading

_TABLE_AXES = 2
_NUMBERS_AT_A_TIME = 2**22  # that are checked: 16 MiB of float32


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
    with _naming(f"data set {dataset} in {path}"):
        arrays = _read_npz(Path(path), samples_key, labels_key)
        samples = _samples_tensor(arrays[samples_key]).contiguous()
        return RawData(samples, _checked_labels(arrays.get(labels_key), len(samples)))


def open_npy(dataset: str, *, path: str, labels_path: str | None = None) -> RawData:
    """Open an array in an `.npy` file.

    Images (uint8, shapes as in `open_npz`) and float32 are never read into memory as a whole: the
    samples of a batch are read when it is made. Other types become float32 in memory.

    Args:
        dataset: what errors call the data.
        path: the file of the samples.
        labels_path: the file of the labels, (N,) integers.

    Raises:
        DataError: a file is missing, an array is not what it should be, or it is of a type that
            would take more than `SAMPLES_IN_MEMORY_BYTES` as float32.
    """
    with _naming(f"data set {dataset} in {path}"):
        array = _read_npy(Path(path), mapped=True)
        stays = array.dtype == np.float32 or holds_images(array)
        if not stays and 4 * array.size > SAMPLES_IN_MEMORY_BYTES:
            raise DataError(
                f"samples of type {array.dtype} would take {array.size / 2**28:.1f} GiB of memory "
                "as float32; save them as float32, which is not read into memory"
            )
        samples = _samples_tensor(array)
    if labels_path is None:
        return RawData(samples, None)
    with _naming(f"data set {dataset}, labels in {labels_path}"):
        labels = _read_npy(Path(labels_path), mapped=False)
        return RawData(samples, _checked_labels(labels, len(samples)))


def as_samples(array: np.ndarray) -> np.ndarray:
    """Return the array (N, *sample_shape) on the same memory, images with their channels first.

    Raises:
        DataError: its shape or type is not that of data.
    """
    if array.ndim < _TABLE_AXES or not array.size:
        raise DataError(f"samples have the shape {array.shape}; at least one, as (N, d), is needed")
    if holds_images(array):
        return _channels_first(array)
    if array.dtype.kind not in "buif":
        raise DataError(f"samples are of type {array.dtype}; numbers are needed")
    return array


def holds_images(array: np.ndarray) -> bool:
    """Whether samples are taken for images, (N, H, W) or with channels behind."""
    return array.dtype == np.uint8 and array.ndim > _TABLE_AXES


def check_labels(labels: np.ndarray, size: int) -> None:
    """Raise DataError where an array is not that of the labels of so many samples."""
    if labels.shape != (size,):
        raise DataError(f"labels have the shape {labels.shape}; one for each of {size} is needed")
    if labels.dtype.kind not in "bui":
        raise DataError(f"labels are of type {labels.dtype}; integers are needed")


@contextmanager
def _naming(what: str) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise DataError(f"{what}: {error}") from error


def _read_npz(path: Path, samples_key: str, labels_key: str) -> dict[str, np.ndarray]:
    wanted = npz_headers(path, samples_key, labels_key)
    if (size := unpacked_size(path)) > free_memory():
        raise DataError(f"the arrays would take {gib(size)} of memory")
    with reading("plain arrays"), path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        return {key: archive[key] for key in wanted}


def _read_npy(path: Path, mapped: bool) -> np.ndarray:
    """Read an array, or map it into memory for reading only.

    Mapped copy-on-write, a file could not be larger than the machine's memory.
    """
    npy_header(path)
    with reading("a plain array"):
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)


def _samples_tensor(array: np.ndarray) -> Tensor:
    """Return samples on the memory of `array` where its type allows."""
    found = as_samples(array)
    if holds_images(array):
        return _as_tensor(found)
    samples = _as_tensor(found.astype(np.float32, copy=False))
    _check_finite(samples)
    return samples


def _channels_first(array: np.ndarray) -> np.ndarray:
    match array.shape:
        case (_, _, _):
            return array[:, None]
        case (_, _, _, 1 | 3 | 4):
            return array.transpose(0, 3, 1, 2)
    raise DataError(
        f"samples of uint8 have the shape {array.shape}; images are (N, H, W) or (N, H, W, C) "
        "with 1, 3 or 4 channels, and other data are to be saved as float32"
    )


def _as_tensor(array: np.ndarray) -> Tensor:
    """Return a tensor on the array's memory, which nobody may write to."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(array)


def _check_finite(samples: Tensor) -> None:
    """Go through samples (N, *sample_shape) once, with little memory."""
    n_rows = max(1, _NUMBERS_AT_A_TIME // samples[0].numel())
    for number, part in enumerate(samples.split(n_rows)):
        if not all(bound.isfinite() for bound in part.aminmax()):  # of NaN and numbers, NaN is both
            first = int(part.flatten(1).isfinite().all(dim=1).int().argmin())
            raise DataError(f"sample {number * n_rows + first} has a value that is not finite")


def _checked_labels(labels: np.ndarray | None, size: int) -> np.ndarray | None:
    if labels is None:
        return None
    check_labels(labels, size)
    return labels.astype(np.int64)
