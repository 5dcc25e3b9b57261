"""Samples and labels out of numpy arrays, for every source that reads arrays."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from dcrf.data.sources.outline import Outline, examples_of
from dcrf.errors import DataError, OptionError

_TABLE_AXES = 2
_IMAGE_AXES = 4  # (N, H, W, C)
CHANNELS = (1, 3, 4)
_VALUES_PER_CHECK = 2**22  # 16 MiB of float32


def is_image_array(array: np.ndarray) -> bool:
    """Whether samples are images: uint8, (N, H, W) or (N, H, W, C)."""
    return array.dtype == np.uint8 and array.ndim > _TABLE_AXES


def samples_tensor(array: np.ndarray) -> Tensor:
    """Return samples as a tensor, on the memory of `array` if its type allows.

    Images (N, H, W) or (N, H, W, C) of uint8 become (N, C, H, W) of uint8. Other samples,
    (N, *sample_shape), become float32 and keep their shape.

    Raises:
        DataError: the array cannot be samples, or has a value that float32 cannot hold.
    """
    samples = _checked_samples(array)
    if is_image_array(array):
        return _shared_tensor(samples)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "overflow encountered in cast", RuntimeWarning)
        tensor = _shared_tensor(samples.astype(np.float32, copy=False))
    _check_finite(tensor, array)
    return tensor


def labels_array(array: np.ndarray, n_samples: int) -> np.ndarray:
    """Return labels as (N,) int64.

    Raises:
        DataError: the array is not one integer per sample.
    """
    _check_labels(array, n_samples)
    return array.astype(np.int64)


def ids_list(array: np.ndarray, n_samples: int) -> list[str]:
    """Return the names of samples.

    Raises:
        DataError: the array is not one text or integer per sample.
    """
    check_ids(array, n_samples)
    return [str(name) for name in array.tolist()]


def check_ids(array: np.ndarray, n_samples: int) -> None:
    """Raise DataError unless an array is one text or integer per sample; it needs no content."""
    if array.shape != (n_samples,):
        raise DataError(f"ids have the shape {array.shape}; expected ({n_samples},)")
    _check_type("ids", array, "Uui", "texts or integers")


def outline_of_arrays(samples: np.ndarray) -> Outline:
    """Return the outline of samples without labels; the array needs no content.

    Raises:
        DataError: the array cannot be samples.
    """
    size, *shape = _checked_samples(samples).shape
    dtype = torch.uint8 if is_image_array(samples) else torch.float32
    return Outline(size, examples_of(shape, dtype), has_labels=False, notes=notes_on(samples))


def with_labels(outline: Outline, labels: np.ndarray) -> Outline:
    """Return an outline with labels; their array needs no content.

    Raises:
        DataError: the array is not one integer per sample.
    """
    _check_labels(labels, outline.n_samples or 0)
    return replace(outline, has_labels=True)


def is_like_labels(array: np.ndarray, n_samples: int) -> bool:
    """Whether an array has the shape and type of labels."""
    return array.shape == (n_samples,) and array.dtype.kind in "bui"


def notes_on(samples: np.ndarray) -> tuple[str, ...]:
    """Return a note if samples look like images with channels last that are not read as images."""
    if samples.ndim != _IMAGE_AXES or is_image_array(samples):
        return ()
    _, first, second, last = samples.shape
    if last not in CHANNELS[1:] or first in CHANNELS or second in CHANNELS:
        return ()
    return (
        f"samples of {samples.dtype} with the shape {samples.shape} are read as (N, C, H, W), so "
        f"axis 1 of length {first} is the channels and axis 3 of length {last} the width; if they "
        "are images with channels last, save samples.transpose(0, 3, 1, 2), or uint8",
    )


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Prefix a DataError with the place of the data."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


@contextmanager
def naming_option(key: str, file: str) -> Iterator[None]:
    """Raise a DataError as an OptionError that names the option and the file."""
    try:
        yield
    except OptionError as error:
        message = f"{file}: {error.message}"
        raise OptionError(error.key, message, error.value, error.known, error.remedies) from error
    except DataError as error:
        raise OptionError(key, f"{file}: {error}") from error


def _checked_samples(array: np.ndarray) -> np.ndarray:
    """Return samples (N, *sample_shape) on the same memory, images with channels first."""
    if array.ndim < _TABLE_AXES or not array.size:
        raise DataError(
            f"samples have the shape {array.shape}; expected (N, d) or more axes, none of length 0"
        )
    if is_image_array(array):
        return _channels_first(array)
    _check_type("samples", array, "buif", "numbers")
    return array


def _channels_first(array: np.ndarray) -> np.ndarray:
    if array.ndim == _IMAGE_AXES - 1:
        return array[:, None]
    if array.ndim == _IMAGE_AXES and array.shape[-1] in CHANNELS:
        return array.transpose(0, 3, 1, 2)
    raise DataError(
        f"samples of uint8 have the shape {array.shape}; images are (N, H, W) or (N, H, W, C) "
        "with 1, 3 or 4 channels, and other data must be saved as float32"
    )


def _check_labels(labels: np.ndarray, n_samples: int) -> None:
    if labels.shape != (n_samples,):
        raise DataError(f"labels have the shape {labels.shape}; expected ({n_samples},)")
    _check_type("labels", labels, "bui", "integers")


def _check_type(subject: str, array: np.ndarray, kinds: str, expected: str) -> None:
    if array.dtype.kind in kinds:
        return
    if fields := array.dtype.names:
        raise DataError(
            f"{subject} are records with the fields {', '.join(fields)}; expected {expected}; "
            "numpy.lib.recfunctions.structured_to_unstructured makes one array of them"
        )
    raise DataError(f"{subject} are of type {array.dtype}; expected {expected}")


def _shared_tensor(array: np.ndarray) -> Tensor:
    """Return a tensor on the array's memory, which may be read-only."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(array)


def _check_finite(samples: Tensor, array: np.ndarray) -> None:
    """Raise DataError for NaN and infinity; `array` holds the samples before the conversion."""
    n_rows = max(1, _VALUES_PER_CHECK // samples[0].numel())
    for number, rows in enumerate(samples.split(n_rows)):
        if not all(bound.isfinite() for bound in rows.aminmax()):  # a NaN makes both bounds NaN
            index = number * n_rows + int(rows.flatten(1).isfinite().all(dim=1).int().argmin())
            value = array[index][~samples[index].isfinite().numpy()][0]
            if np.isfinite(value):
                raise DataError(f"sample {index} has the value {value:g}, too large for float32")
            raise DataError(f"sample {index} has a value that is not finite ({value:g})")
