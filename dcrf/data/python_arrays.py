"""Arrays handed over in Python, as samples and labels of a data set.

numpy arrays, torch tensors, data frames (of pandas, polars or alike) and lists are accepted.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dcrf.data.sources.arrays import (
    CHANNELS,
    is_image_array,
    labels_array,
    naming,
    notes_on,
    samples_tensor,
)
from dcrf.data.sources.raw_data import Encoding, RawData
from dcrf.data.sources.table_encoding import TableEncoding, table_encoding
from dcrf.data.sources.tables import REFUSE, TableRows, columns_like
from dcrf.errors import DataError

_IMAGE_AXES = 4
_PAIR = 2


def raw_arrays(data: Mapping[str, Any]) -> dict[str, RawData]:
    """Return name -> raw data.

    Images are uint8: (N, H, W) or (N, H, W, C), or a tensor of torch (N, C, H, W).

    Args:
        data: name -> samples, or a tuple (samples, labels) in which labels may be None.

    Raises:
        DataError: arrays that cannot be samples and labels, with their name.
    """
    if not isinstance(data, Mapping):
        raise DataError(
            f"data: expected {{name: samples}}, got {type(data).__name__}; write for example "
            'data={"my_data": samples}'
        )
    arrays = {}
    for name, value in data.items():
        with naming(f"data[{name!r}]"):
            arrays[name] = _raw_data(*_samples_and_labels(value))
    return arrays


def raw_samples(samples: Any, encoding: Encoding | None = None) -> RawData:
    """Return samples without labels as raw data.

    Args:
        samples: arrays or a data frame.
        encoding: of the training data; a data frame is encoded like a table.

    Raises:
        DataError: they cannot be samples, or do not fit the encoding.
    """
    if _is_frame(samples) and encoding is not None and "columns" in encoding:
        return _encoded_table(samples, table_encoding(encoding))
    return _raw_data(samples, None)


def _samples_and_labels(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, tuple):
        return value, None
    if len(value) != _PAIR:
        raise DataError(f"expected (samples, labels), got a tuple of {len(value)} values")
    return value


def _raw_data(samples: Any, labels: Any) -> RawData:
    array = _samples_array(samples)
    tensor = samples_tensor(array).contiguous()
    notes = notes_on(array)
    if labels is None:
        return RawData(tensor, None, notes)
    return RawData(tensor, _labels(labels, len(tensor)), notes)


def _labels(labels: Any, n_samples: int) -> np.ndarray:
    array = _array(labels, "labels")
    if array.dtype.kind in "OUST":  # names
        raise DataError(
            f"labels are of type {array.dtype}; expected integers: "
            "numpy.unique(labels, return_inverse=True)[1] turns names into integers"
        )
    return labels_array(array, n_samples)


def _samples_array(samples: Any) -> np.ndarray:
    """Return samples as an array, images with channels last."""
    if _is_frame(samples):
        return _table(samples)
    array = _array(samples, "samples")
    is_torch_image = isinstance(samples, Tensor) and array.ndim == _IMAGE_AXES
    if not (is_torch_image and is_image_array(array)):
        return array
    if array.shape[1] not in CHANNELS:
        raise DataError(
            f"samples of torch.uint8 have the shape {array.shape}; images of torch are "
            "(N, C, H, W) with 1, 3 or 4 channels"
        )
    return array.transpose(0, 2, 3, 1)


def _array(values: Any, subject: str) -> np.ndarray:
    """Return values as an array, on their memory if possible.

    Raises:
        DataError: they are not an array, have masked values, or are rows of different lengths.
    """
    if isinstance(values, Tensor):
        tensor = values.detach().cpu()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    if np.ma.is_masked(values):
        raise DataError(f"{subject} have masked values; replace them, for example by filled()")
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise DataError(f"{subject} are not an array: {error}") from error
    if array.ndim == 0:
        kind = type(values).__name__
        raise DataError(f"{subject} are of type {kind}; expected an array of numpy or torch")
    return array


def _table(frame: Any) -> np.ndarray:
    """Return the columns of a data frame as (N, d).

    Raises:
        DataError: columns do not hold finite numbers, or two have one name.
    """
    names = list(frame.columns)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"two columns have the name {twice!r}")
    columns = {name: _column(frame[name]) for name in names}
    if texts := [name for name, column in columns.items() if column.dtype.kind not in "buif"]:
        raise DataError(
            f"columns do not hold numbers: {', '.join(map(repr, texts))}; drop or encode them, for "
            "example with pandas.get_dummies"
        )
    for name, column in columns.items():
        if not np.isfinite(column).all():
            row = int(np.isfinite(column).argmin())
            raise DataError(f"row {row} of column {name!r} is not finite ({column[row]:g})")
    return np.stack(list(columns.values()), axis=1) if columns else np.empty((len(frame), 0))


def _is_frame(samples: Any) -> bool:
    """Whether samples are a data frame of pandas, polars or alike."""
    return hasattr(samples, "columns") and hasattr(samples, "to_numpy")


def _encoded_table(frame: Any, encoding: TableEncoding) -> RawData:
    """Return a data frame encoded as the training data were, with columns found by name."""
    columns = columns_like(encoding, [str(name) for name in frame.columns], None, None)
    names = {str(name): name for name in frame.columns}
    rows, values = TableRows(columns, REFUSE, encoding), []
    for number, name in enumerate(columns.names):
        column = _column(frame[names[name]])
        if number in columns.categorical:
            texts = ["" if _is_missing(value) else str(value).strip() for value in column.tolist()]
            values.append(rows.codes(number, texts))
        elif column.dtype.kind in "buif":
            values.append(column.astype(np.float64))
        else:
            raise DataError(f"column {name!r} does not hold numbers")
    rows.add(np.stack(values, axis=1))
    return rows.raw_data()


def _is_missing(value: Any) -> bool:
    """Whether a value of a data frame is None, NaN or pandas' NA, which equals nothing."""
    return value is None or type(value).__name__ == "NAType" or value != value  # noqa: PLR0124


def _column(series: Any) -> np.ndarray:
    """Return a column of a data frame; nullable numbers of pandas become floats, NaN if missing."""
    values: np.ndarray = series.to_numpy()
    if values.dtype.kind == "O" and not any(isinstance(value, str) for value in values):
        with suppress(TypeError, ValueError):
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return values
