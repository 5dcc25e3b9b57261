"""Side targets of the samples of a data set: the classes or numbers of another task."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from dcrf.batch import SideTargets
from dcrf.data.sources.arrays import labels_array, naming_option
from dcrf.data.sources.tables import MISSING, classes_of
from dcrf.errors import DataError, OptionError
from dcrf.safety.numpy_headers import load_npz, npy_header, npz_headers, reading
from dcrf.safety.text_files import text_lines

CLASSES, NUMBERS = "classes", "numbers"
_NPY, _NPZ = ".npy", ".npz"
_NOT_INTEGER = "expected integers, negative for a sample without a class"


def read_side_targets(path: str, kind: str, key: str | None) -> SideTargets:
    """Read side targets, one row for each sample of the whole data set.

    Args:
        path: of an `.npy` or `.npz` file, or of a table in CSV.
        kind: `classes`, (N,) integers, negative without one; texts of a table are numbered in
            sorted order. `numbers`, (N,) or (N, d), NaN without one. Empty fields of a table are
            missing.
        key: the name of the array in an `.npz` file, or of the column of a table.

    Raises:
        OptionError: the file cannot be read, or its values are not of the kind.
    """
    is_array = path.endswith(_NPY)
    if is_array and key is not None:
        raise OptionError("key", f"{path} has one array without a name; remove key")
    if not is_array and key is None:
        noun = "array" if path.endswith(_NPZ) else "column"
        raise OptionError("key", f"the name of the {noun} of targets in {path} is missing")
    with naming_option("path", path):
        if is_array or path.endswith(_NPZ):
            array = _array(Path(path), key)
        else:
            array = _column(Path(path), key or "", kind)
        return targets_of(array, kind)


def targets_of(array: np.ndarray, kind: str) -> SideTargets:
    """Return the values of an array as side targets of a kind, `classes` or `numbers`.

    Raises:
        DataError: the values are not of the kind, or no sample has a target.
    """
    return _classes(array) if kind == CLASSES else _numbers(array)


def rows_in_use(
    targets: SideTargets, first: int | None, last: int | None, n_samples: int
) -> SideTargets:
    """Return the rows of the samples from index `first` to `last`, both inclusive or None.

    Args:
        targets: of the whole data set.
        first: index of the first sample in use.
        last: index of the last sample in use.
        n_samples: the number of samples in use.

    Raises:
        DataError: the file has another number of rows than the data set has samples.
    """
    values = targets.values[first or 0 : None if last is None else last + 1]
    if len(values) != n_samples:
        raise DataError(
            f"{len(targets.values)} targets; expected one for each sample of the data set, "
            f"{(first or 0) + n_samples}{'' if last is None else ' or more'}"
        )
    return targets._replace(values=values)


def _array(path: Path, key: str | None) -> np.ndarray:
    if key is not None:
        npz_headers(path, {"key": key}, may_be_missing=("", ""))
        return load_npz(path, (key,))[key]
    npy_header(path)
    with reading("a plain array"), path.open("rb") as file:
        array: np.ndarray = np.load(file, allow_pickle=False)
        return array


def _column(path: Path, key: str, kind: str) -> np.ndarray:
    with text_lines(path) as lines:
        texts = list(_texts(lines, key))
    if kind == NUMBERS:
        return np.array([_number(text, row) for row, text in enumerate(texts, start=1)])
    present = [text for text in texts if text]
    classes = iter(classes_of(present))
    return np.array([next(classes) if text else -1 for text in texts], np.int64)


def _texts(lines: Iterator[str], key: str) -> Iterator[str]:
    """Yield the fields of a column, empty for a missing value."""
    table = csv.DictReader(lines)
    names: Sequence[str] = table.fieldnames or ()
    if key not in names:
        raise OptionError("key", f"no column {key!r} in the first line", key, names)
    try:
        for row in table:
            text = (row[key] or "").strip()
            yield "" if text.lower() in MISSING else text
    except csv.Error as error:
        raise DataError(f"line {table.line_num}: {error}") from error


def _number(text: str, row: int) -> float:
    try:
        return float(text or "nan")
    except ValueError as error:
        raise DataError(f"row {row}: {text!r} is not a number") from error


def _classes(array: np.ndarray) -> SideTargets:
    if array.ndim != 1:
        raise DataError(f"classes have the shape {array.shape}; expected (N,)")
    if array.dtype.kind not in "bui":
        raise DataError(f"classes are of type {array.dtype}; {_NOT_INTEGER}")
    values = torch.from_numpy(labels_array(array, len(array))).clamp_min(-1)
    if not len(values) or (largest := int(values.max())) < 0:
        raise DataError("no sample has a class")
    return SideTargets(values, largest + 1)


def _numbers(array: np.ndarray) -> SideTargets:
    rows = array[:, None] if array.ndim == 1 else array
    if rows.ndim != 2 or not rows.size:  # noqa: PLR2004 - (N, d)
        raise DataError(f"numbers have the shape {array.shape}; expected (N,) or (N, d)")
    if rows.dtype.kind not in "buif":
        raise DataError(f"targets are of type {rows.dtype}; expected numbers")
    with np.errstate(over="ignore"):
        values = torch.from_numpy(rows.astype(np.float32))
    if (infinite := values.isinf().any(dim=1)).any():
        raise DataError(f"row {int(infinite.int().argmax())} has a value that is not finite")
    if values.isnan().any(dim=1).all():
        raise DataError("no sample has targets")
    return SideTargets(values)
