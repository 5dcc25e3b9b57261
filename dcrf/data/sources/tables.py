"""Samples, labels and ids out of the columns of a table, for every source that reads tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dcrf.data.sources.outline import Outline, examples_of
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError, OptionError
from dcrf.safety.limits import TABLE_CHECKED_BYTES, TABLE_COLUMNS
from dcrf.safety.memory import free_memory, gib

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Texts that mean a missing value, in lower case and without spaces around."""

_BYTES_PER_CHECK = 2**26  # of free memory
_LISTED_COLUMNS = 10
_MANY_CLASSES = 0.5  # of all rows


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """Columns of a table by their place.

    names: of the columns of the samples.
    samples: their places.
    label, id: None without such a column.
    label_name: "" without labels.
    """

    names: tuple[str, ...]
    samples: tuple[int, ...]
    label: int | None
    label_name: str
    id: int | None


def chosen_columns(
    known: Sequence[str],
    columns: Sequence[str] | None,
    label_column: str | None,
    id_column: str | None,
) -> ChosenColumns:
    """Return the places of columns by their names.

    Args:
        known: the names of all columns in the table.
        columns: of the samples, in their order; None for all but those of labels and ids.
        label_column: the classes, for evaluation.
        id_column: the ids.

    Raises:
        OptionError: a name is unknown or occurs twice, or no column is left.
        DataError: the table has more than `TABLE_COLUMNS` columns.
    """
    if len(known) > TABLE_COLUMNS:
        raise DataError(f"{len(known):,} columns, which is more than {TABLE_COLUMNS:,}")
    label = None if label_column is None else _place("label_column", label_column, known)
    ids = None if id_column is None else _place("id_column", id_column, known)
    if columns is None:
        samples = tuple(place for place in range(len(known)) if place not in (label, ids))
    else:
        samples = tuple(_place("columns", name, known) for name in columns)
    if label is not None and label in samples:
        raise OptionError("columns", f"column {label_column!r} holds the labels, not samples")
    if not samples:
        raise OptionError("columns", "no column is left for the samples")
    return ChosenColumns(
        tuple(known[place] for place in samples), samples, label, label_column or "", ids
    )


class TableRows:
    """Rows of numbers with their labels and ids, collected part by part.

    Args:
        columns: the chosen columns.
        missing_values: `refuse`, `mean`, `median` or `drop_rows`.
    """

    def __init__(self, columns: ChosenColumns, missing_values: str) -> None:
        self._columns, self._policy = columns, missing_values
        self._parts: list[NDArray[np.float32]] = []
        self._labels: list[str] = []
        self._ids: list[str] = []
        self._n_rows = self._n_dropped = self._n_bytes = self._checked_bytes = 0
        self._n_missing = np.zeros(len(columns.samples), np.int64)
        self._n_unlabeled = 0
        self._first_missing: int | None = None

    def add(
        self, numbers: NDArray[np.float64], labels: Sequence[str] = (), ids: Iterable[str] = ()
    ) -> None:
        """Add rows.

        Args:
            numbers: (n, d), NaN for a missing value.
            labels: n texts, `""` for a missing one; empty without labels.
            ids: n texts, empty without ids.

        Raises:
            DataError: a number is infinite or too large for float32, or the rows exceed the free
                memory.
        """
        part = self._float32(numbers)
        missing = np.isnan(part)
        unlabeled = np.array([not label for label in labels], bool)
        incomplete = missing.any(axis=1)
        if len(unlabeled):
            incomplete |= unlabeled
        if self._first_missing is None and incomplete.any():
            self._first_missing = self._n_rows + int(incomplete.argmax()) + 1
        self._n_missing += missing.sum(axis=0)
        self._n_unlabeled += int(unlabeled.sum())
        self._n_rows += len(part)
        labels, ids = list(labels), list(ids)
        if self._policy == "drop_rows" and not ids:  # the rows that are left keep their numbers
            last = self._n_rows
            ids = [str(number) for number in range(last - len(part) + 1, last + 1)]
        if self._policy == "drop_rows" and incomplete.any():
            self._n_dropped += int(incomplete.sum())
            kept = np.flatnonzero(~incomplete)
            part = part[kept]
            labels, ids = ([values[i] for i in kept] if values else [] for values in (labels, ids))
        self._parts.append(part)
        self._labels += labels
        self._ids += ids
        self._check_memory(part.nbytes)

    def raw_data(self) -> RawData:
        """Return all rows as float32 (N, d), with notes about missing and constant values.

        Raises:
            DataError: no row is left, or missing values cannot be replaced.
            OptionError: values are missing and refused.
        """
        table = np.concatenate(self._parts) if self._parts else np.empty((0, 0), np.float32)
        self._parts.clear()
        if not len(table):
            dropped = " with all values" if self._n_dropped else ""
            raise DataError(f"the table has no row{dropped}")
        notes = (*self._replace_missing(table), *self._constant_columns(table))
        labels = None
        if self._columns.label is not None:
            labels = classes_of(self._labels)
            notes += self._many_classes(labels)
        ids = self._ids or None
        samples = torch.from_numpy(table)
        return RawData(samples, labels, notes, ids=ids, columns=self._columns.names)

    def _float32(self, numbers: NDArray[np.float64]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            part = numbers.astype(np.float32)
        if (infinite := np.isinf(part)).any():
            row, column = np.argwhere(infinite)[0]
            value = numbers[row, column]
            cause = "is too large for float32" if np.isfinite(value) else "is not finite"
            raise DataError(
                f"row {self._n_rows + row + 1}, column {self._columns.names[column]!r}: "
                f"{value:g} {cause}"
            )
        return part

    def _check_memory(self, n_bytes: int) -> None:
        """Raise DataError if the whole table, which is joined out of its parts, would not fit."""
        self._n_bytes += n_bytes
        if self._n_bytes - self._checked_bytes > _BYTES_PER_CHECK:
            self._checked_bytes = self._n_bytes
            if self._n_bytes > free_memory():
                raise DataError(
                    f"the table would take more than {gib(2 * self._n_bytes)} of memory"
                )

    def _replace_missing(self, table: NDArray[np.float32]) -> tuple[str, ...]:
        """Fill missing values in place and return notes about them."""
        if self._first_missing is None:
            return ()
        if self._policy == "drop_rows":
            return (
                f"{self._n_dropped} of {self._n_rows} rows have missing values and are dropped; "
                "the ids of the others without a column of ids are their numbers",
            )
        if self._policy == "refuse":
            raise OptionError("missing_values", f"missing values: {self._missing_text()}")
        if self._n_unlabeled:
            raise OptionError(
                "missing_values",
                f"{self._n_unlabeled} labels are missing in column {self._columns.label_name!r}; "
                '"missing_values": "drop_rows" leaves their rows out',
            )
        average = np.nanmean if self._policy == "mean" else np.nanmedian
        for column in np.flatnonzero(self._n_missing):
            values, name = table[:, column], self._columns.names[column]
            missing = np.isnan(values)
            if missing.all():
                raise DataError(f"all values of column {name!r} are missing")
            values[missing] = average(values.astype(np.float64))
        return (f"replaced by the {self._policy} of their column: {self._missing_columns()}",)

    def _missing_text(self) -> str:
        return (
            f"{self._missing_columns()}; the first one is in row {self._first_missing}; "
            '"missing_values": "mean" or "median" replaces them, "drop_rows" leaves rows out'
        )

    def _missing_columns(self) -> str:
        """Return the number of missing values in each column."""
        counts = [
            f"{self._n_missing[column]} in column {self._columns.names[column]!r}"
            for column in np.flatnonzero(self._n_missing)
        ]
        if self._n_unlabeled:
            counts.append(f"{self._n_unlabeled} in column {self._columns.label_name!r}")
        return _listed(counts)

    def _constant_columns(self, table: NDArray[np.float32]) -> tuple[str, ...]:
        constant = np.flatnonzero(table.min(axis=0) == table.max(axis=0))
        if not len(constant) or len(table) == 1:
            return ()
        names = _listed([repr(self._columns.names[column]) for column in constant])
        return (f"the same value in all rows: {names}",)

    def _many_classes(self, labels: NDArray[np.int64]) -> tuple[str, ...]:
        n_classes = len(np.unique(labels))
        if n_classes <= _MANY_CLASSES * len(labels):
            return ()
        return (
            f"column {self._columns.label_name!r} has {n_classes} different labels in "
            f"{len(labels)} rows",
        )


def outline_of_table(
    path: Path, read: Callable[[], RawData], count: Callable[[], Outline]
) -> Outline:
    """Return the outline of a table.

    Args:
        path: the file. Up to `TABLE_CHECKED_BYTES`, it is read whole, so that every value is
            checked.
        read: returns the data.
        count: returns the outline without reading values.
    """
    if path.is_file() and path.stat().st_size > TABLE_CHECKED_BYTES:
        return count()
    raw = read()
    examples = examples_of((raw.samples[0].numel(),), torch.float32)
    return Outline(len(raw.samples), examples, raw.labels is not None, raw.notes)


def outline_of_columns(columns: ChosenColumns, n_rows: int, missing_values: str) -> Outline:
    """Return the outline of a table whose values are not read. Dropped rows are not known."""
    examples = examples_of((len(columns.samples),), torch.float32)
    n_samples = None if missing_values == "drop_rows" else n_rows
    return Outline(n_samples, examples, columns.label is not None)


def classes_of(labels: Sequence[str]) -> NDArray[np.int64]:
    """Return labels as (N,) classes: integers unchanged, texts numbered in sorted order."""
    distinct = sorted(set(labels))
    integers = [number for label in distinct if (number := _integer(label)) is not None]
    is_text = len(integers) < len(distinct)
    table = dict(zip(distinct, range(len(distinct)) if is_text else integers, strict=True))
    return np.fromiter((table[label] for label in labels), np.int64, len(labels))


def _integer(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else None


def _place(key: str, name: str, known: Sequence[str]) -> int:
    places = [place for place, other in enumerate(known) if other == name]
    if len(places) == 1:
        return places[0]
    if places:
        raise OptionError(key, f"{len(places)} columns are called {name!r}")
    raise OptionError(
        key, f"no column {name!r}; the table has: {_listed([*map(repr, known)])}", name, known
    )


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _LISTED_COLUMNS
    return ", ".join(words[:_LISTED_COLUMNS]) + (f" and {more} more" if more > 0 else "")
