"""Arrays handed over in Python, as samples and labels of a data set.

numpy arrays, torch tensors, data frames (of pandas, polars or alike) and lists are accepted.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
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
from dcrf.data.sources.tables import (
    FEW_ROWS,
    REFUSE,
    TableRows,
    chosen_columns,
    columns_like,
)
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
    if encoding is None or "columns" not in encoding:
        return _raw_data(samples, None)
    return _raw_data(samples, None, table_encoding(encoding))


def _samples_and_labels(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, tuple):
        return value, None
    if len(value) != _PAIR:
        raise DataError(f"expected (samples, labels), got a tuple of {len(value)} values")
    return value


def _raw_data(samples: Any, labels: Any, encoding: TableEncoding | None = None) -> RawData:
    if _is_frame(samples):
        raw = _encoded_frame(samples, encoding)
    else:
        array = _samples_array(samples)
        raw = RawData(samples_tensor(array).contiguous(), None, notes_on(array))
    return raw if labels is None else replace(raw, labels=_labels(labels, len(raw.samples)))


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


def _is_frame(samples: Any) -> bool:
    """Whether samples are a data frame of pandas, polars or alike."""
    return hasattr(samples, "columns") and hasattr(samples, "to_numpy")


def _encoded_frame(frame: Any, encoding: TableEncoding | None) -> RawData:
    """Return a data frame as a table, whose columns of texts hold categories.

    Args:
        frame: of pandas, polars or alike.
        encoding: of the training data, whose columns are found by name; None to fit one.

    Raises:
        DataError: a value is missing or not finite, two columns have one name, columns are missing
            or hold texts that are no categories.
    """
    names = {str(name): name for name in frame.columns}
    if len(names) < len(frame.columns):
        texts = [str(name) for name in frame.columns]
        twice = next(name for name in texts if texts.count(name) > 1)
        raise DataError(f"two columns have the name {twice!r}")
    values = {name: _column(frame[original]) for name, original in names.items()}
    if encoding is None:
        texts = [name for name, column in values.items() if column.dtype.kind not in "buif"]
        columns = chosen_columns([*values], None, None, None, texts)
    else:
        columns = columns_like(encoding, [*values], None, None)
    rows, table = TableRows(columns, REFUSE, encoding), []
    for number, name in enumerate(columns.names):
        is_categorical = number in columns.categorical
        if encoding is None:
            _check_column(name, values[name], is_categorical)
        if is_categorical:
            texts = ["" if _is_missing(v) else str(v).strip() for v in values[name].tolist()]
            table.append(rows.codes(number, texts))
        elif values[name].dtype.kind in "buif":
            table.append(values[name].astype(np.float64))
        else:
            raise DataError(f"column {name!r} does not hold numbers, as in the training data")
    rows.add(np.stack(table, axis=1))
    return rows.raw_data()


def _check_column(name: str, column: np.ndarray, is_categorical: bool) -> None:
    """Raise DataError for values that are missing or not finite, and texts that differ in all."""
    if not is_categorical:
        if not np.isfinite(column).all():
            row = int(np.isfinite(column).argmin())
            raise DataError(f"row {row} of column {name!r} is not finite ({column[row]:g})")
        return
    values = column.tolist()
    if missing := [row for row, value in enumerate(values) if _is_missing(value)]:
        cause = f"row {missing[0]} of column {name!r} has no value"
        raise DataError(f"{cause}; fill it or drop the row")
    if len({*map(str, values)}) == len(values) >= FEW_ROWS:
        raise DataError(
            f"column {name!r} has another text in every row, as names have, so it holds no "
            "categories; drop it"
        )


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
