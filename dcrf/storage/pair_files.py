"""Files of pairs of samples that belong, or do not belong, to the same cluster."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dcrf.errors import DataError
from dcrf.safety.numpy_headers import load_npz, npz_headers
from dcrf.safety.text_files import text_lines

_COLUMNS = ("first", "second", "sign")
_SIGNS = {"1": 1, "+1": 1, "-1": -1}


class Pairs(NamedTuple):
    """Pairs of indices of samples, each pair once and with its smaller index first.

    must_link: (m, 2) int64, of samples that belong to the same cluster.
    cannot_link: (c, 2) int64, of samples that belong to different ones.
    """

    must_link: Tensor
    cannot_link: Tensor


def read_pairs(path: str) -> Pairs:
    """Read pairs of samples.

    Args:
        path: of a table in CSV with the columns `first`, `second` and `sign`, or of an `.npz` file
            with the arrays `pairs`, (m, 2) integers, and `signs`, (m,). Indices start at 0. A sign
            is 1 if both samples must be in the same cluster, and -1 if they cannot be.

    Raises:
        DataError: the file cannot be read, has no pair, or has a pair that is invalid: an index is
            negative, a sample is paired with itself, or a pair has both signs.
    """
    try:
        table = _arrays(Path(path)) if path.endswith(".npz") else _table(Path(path))
        return _checked(table)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _arrays(path: Path) -> np.ndarray:
    headers = npz_headers(path, {"pairs": "pairs", "signs": "signs"}, may_be_missing=("", ""))
    shape = headers["pairs"].shape
    if len(shape) != 2 or shape[1] != 2 or headers["signs"].shape != shape[:1]:  # noqa: PLR2004
        raise DataError(
            f"pairs have the shape {shape} and signs {headers['signs'].shape}; expected (m, 2) and "
            "(m,)"
        )
    for name, array in headers.items():
        if array.dtype.kind not in "iu":
            raise DataError(f"{name} are of type {array.dtype}; expected integers")
    arrays = load_npz(path, ("pairs", "signs"))
    return np.column_stack([arrays["pairs"], arrays["signs"]]).astype(np.int64)


def _table(path: Path) -> np.ndarray:
    with text_lines(path) as lines:
        return np.array(list(_rows(lines)), np.int64).reshape(-1, 3)


def _rows(lines: Iterator[str]) -> Iterator[tuple[int, int, int]]:
    table = csv.DictReader(lines)
    if missing := [name for name in _COLUMNS if name not in (table.fieldnames or ())]:
        raise DataError(f"no column {missing[0]!r} in the first line; expected first,second,sign")
    try:
        for row in table:
            first, second, sign = ((row[name] or "").strip() for name in _COLUMNS)
            if sign not in _SIGNS or not (first.isdecimal() and second.isdecimal()):
                raise DataError(
                    f"line {table.line_num}: expected two indices and a sign of 1 or -1, got "
                    f"{first!r}, {second!r}, {sign!r}"
                )
            yield int(first), int(second), _SIGNS[sign]
    except csv.Error as error:
        raise DataError(f"line {table.line_num}: {error}") from error


def _checked(table: np.ndarray) -> Pairs:
    """Return the pairs of a table (m, 3) of two indices and a sign."""
    if not len(table):
        raise DataError("it has no pair")
    pairs, signs = np.sort(table[:, :2], axis=1), table[:, 2]
    _refuse(pairs[:, 0] < 0, table, "has a negative index")
    _refuse(pairs[:, 0] == pairs[:, 1], table, "is a sample with itself")
    _refuse(np.abs(signs) != 1, table, "has a sign that is not 1 or -1")
    must, cannot = (np.unique(pairs[signs == sign], axis=0) for sign in (1, -1))
    both, times = np.unique(np.concatenate([must, cannot]), axis=0, return_counts=True)
    if (times > 1).any():
        first, second = both[times > 1][0]
        raise DataError(f"samples {first} and {second} have both signs, 1 and -1; keep one of them")
    return Pairs(torch.from_numpy(must), torch.from_numpy(cannot))


def _refuse(is_wrong: np.ndarray, table: np.ndarray, reason: str) -> None:
    if is_wrong.any():
        number = int(is_wrong.argmax())
        values = ", ".join(map(str, table[number]))
        raise DataError(f"pair {number + 1} ({values}) {reason}")
