"""Samples, labels and ids out of the columns of a table, for every source that reads tables."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dcrf.data.sources.outline import Outline, examples_of
from dcrf.data.sources.raw_data import RawData
from dcrf.data.sources.table_encoding import EncodedColumn, TableEncoding
from dcrf.errors import DataError, OptionError, Remedy, counted
from dcrf.safety.limits import (
    COLUMN_CATEGORIES,
    QUOTED_VALUE_CHARACTERS,
    TABLE_CHECKED_BYTES,
    TABLE_COLUMNS,
)
from dcrf.safety.memory import free_memory, gib
from dcrf.safety.terminal_text import escaped

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Texts that mean a missing value, in lower case and without spaces around."""

_BYTES_PER_CHECK = 2**26  # of free memory
_LISTED_COLUMNS = 10
_WHOLE_NUMBERS = 2.0**53  # up to here float64 has all of them
_LEAST_STEPS = 256  # of float32 between the least and the greatest number of a column
_MANY_CLASSES = 0.5  # of all rows
_FEW_CATEGORIES = 10  # may all be different in a table of few rows
_UNSEEN = -1  # the code of a category that the training data do not have
_NUMERIC = 0.5  # of the values of a column that is a column of numbers
FEW_ROWS = 20
"""Rows below which all values of a column may well differ by chance."""
REFUSE = "refuse"
"""The policy that makes missing values an error."""

MISSING_REMEDIES = (
    Remedy("missing_values", "mean", "or median replaces them"),
    Remedy("missing_values", "drop_rows", "leaves their rows out"),
)


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """Columns of a table by their place.

    names: of the columns of the samples.
    samples: their places.
    label, id: None without such a column.
    label_name: "" without labels.
    categorical: which of the samples' columns, counted from 0, hold categories.
    n_unnamed: the number of all columns in a file without a header, 0 for one with a header.
    """

    names: tuple[str, ...]
    samples: tuple[int, ...]
    label: int | None
    label_name: str
    id: int | None
    categorical: frozenset[int] = frozenset()
    n_unnamed: int = 0


def chosen_columns(
    known: Sequence[str],
    columns: Sequence[str] | None,
    label_column: str | None,
    id_column: str | None,
    categorical_columns: Sequence[str] = (),
) -> ChosenColumns:
    """Return the places of columns by their names.

    Args:
        known: the names of all columns in the table.
        columns: of the samples, in their order; None for all but those of labels and ids.
        label_column: the classes, for evaluation.
        id_column: the ids.
        categorical_columns: those of the samples that hold categories.

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
    for name, count in Counter(known[place] for place in samples).items():
        if count > 1:
            raise OptionError("columns", f"{count} columns are called {name!r}; rename all but one")
    if label is not None and label in samples:
        raise OptionError("columns", f"column {label_column!r} holds the labels, not samples")
    if not samples:
        raise OptionError("columns", "no column is left for the samples")
    categorical = {_place("categorical_columns", name, known) for name in categorical_columns}
    if others := categorical - {*samples}:
        name = known[min(others)]
        raise OptionError("categorical_columns", f"column {name!r} is not one of the samples")
    return ChosenColumns(
        tuple(known[place] for place in samples),
        samples,
        label,
        label_column or "",
        ids,
        frozenset(number for number, place in enumerate(samples) if place in categorical),
    )


def columns_like(
    encoding: TableEncoding,
    known: Sequence[str],
    label_column: str | None,
    id_column: str | None,
    *,
    has_names: bool = True,
) -> ChosenColumns:
    """Return the places of the columns that training data had, in a table of new data.

    Columns are found by their names, so that their order does not matter and other columns are
    left out. Tables without names must have as many columns as the training data.

    Args:
        encoding: of the training data.
        known: the names of all columns in the table.
        label_column: as in `chosen_columns`.
        id_column: the same, but it may be missing.
        has_names: whether the table names its columns.

    Raises:
        OptionError: a column of the training data is missing.
        DataError: the columns have no names, and their number is another one.
    """
    names = [column.name for column in encoding.columns]
    if not has_names:
        if not encoding.n_unnamed:
            raise DataError(
                "its first row does not name the columns; new data need those of the training "
                f"data: {_listed([*map(repr, names)])}"
            )
        if len(known) != encoding.n_unnamed:
            raise DataError(
                f"{len(known)} columns without names, but the training data have "
                f"{encoding.n_unnamed}; columns without names are found by their place"
            )
    if missing := [name for name in names if name not in known]:
        raise OptionError(
            "columns",
            f"columns of the training data are missing: {_listed([*map(repr, missing)])}; the "
            f"table has: {_listed([*map(repr, known)])}",
            missing[0],
            known,
        )
    id_column = id_column if id_column in known else None
    categorical = [column.name for column in encoding.columns if column.categories is not None]
    chosen = chosen_columns(known, names, label_column, id_column, categorical)
    return replace(chosen, n_unnamed=encoding.n_unnamed)


class TableRows:
    """Rows of numbers and categories with their labels and ids, collected part by part.

    Args:
        columns: the chosen columns.
        missing_values: `refuse`, `mean`, `median` or `drop_rows`.
        encoding: of the training data, if these are new data; None to fit one.
    """

    def __init__(
        self, columns: ChosenColumns, missing_values: str, encoding: TableEncoding | None = None
    ) -> None:
        self._columns, self._policy = columns, missing_values
        self._encoding = encoding
        if encoding is not None and encoding.missing_values is not None:
            self._policy = encoding.missing_values
        self._codes: dict[int, dict[str, int]] = {number: {} for number in columns.categorical}
        if encoding is not None:
            for number in columns.categorical:
                categories = encoding.columns[number].categories or ()
                self._codes[number] = {category: code for code, category in enumerate(categories)}
        self._unseen: Counter[str] = Counter()
        self._first_unseen: dict[str, str] = {}
        self._parts: list[NDArray[np.float32]] = []
        self._labels: list[str] = []
        self._ids: list[str] = []
        self._n_rows = self._n_dropped = self._n_bytes = self._checked_bytes = 0
        self._n_missing = np.zeros(len(columns.samples), np.int64)
        self._least = np.full(len(columns.samples), np.inf)
        self._greatest = -self._least
        self._n_unlabeled = 0
        self._first_missing: int | None = None

    def codes(self, number: int, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (n,): a code for the category of each text, NaN for a missing one.

        Args:
            number: of the column, one of `categorical`.
            texts: n values of the column, `""` for a missing one.

        Raises:
            OptionError: the column has more than `COLUMN_CATEGORIES` categories.
        """
        known = self._codes[number]
        if self._encoding is None:
            for text in texts:
                if text and text not in known:
                    known[text] = len(known)
                    if len(known) > COLUMN_CATEGORIES:
                        raise _too_many_categories(self._columns.names[number])
        elif unseen := [text for text in texts if text and text not in known]:
            name = self._columns.names[number]
            self._unseen[name] += len(unseen)
            self._first_unseen.setdefault(name, unseen[0])
        codes = (known.get(text, _UNSEEN) if text else np.nan for text in texts)
        return np.fromiter(codes, np.float64, len(texts))

    def outline(self, n_rows: int) -> Outline:
        """Return the outline of a table of `n_rows` whose categories have gone through `codes`.

        Numbers need not be read. The number of rows that `drop_rows` leaves is unknown.
        """
        width = len(self._columns.samples) - len(self._codes) + sum(map(len, self._codes.values()))
        n_samples = None if self._policy == "drop_rows" else n_rows
        examples = examples_of((width,), torch.float32)
        return Outline(n_samples, examples, self._columns.label is not None)

    def add(
        self, numbers: NDArray[np.float64], labels: Sequence[str] = (), ids: Iterable[str] = ()
    ) -> None:
        """Add rows.

        Args:
            numbers: (n, d), NaN for a missing value; those of categories are their `codes`.
            labels: n texts, `""` for a missing one; empty without labels.
            ids: n texts, empty without ids.

        Raises:
            DataError: a number is infinite or too large for float32, or the rows exceed the free
                memory.
        """
        part = self._float32(numbers)
        if len(numbers):
            self._least = np.fmin(self._least, np.fmin.reduce(numbers))
            self._greatest = np.fmax(self._greatest, np.fmax.reduce(numbers))
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

        Each category becomes a column of 0 and 1, in sorted order. A category that the training
        data do not have is 0 in all of them.

        Raises:
            DataError: no row is left, or missing values cannot be replaced.
            OptionError: values are missing and refused.
        """
        table = np.concatenate(self._parts) if self._parts else np.empty((0, 0), np.float32)
        self._parts.clear()
        if not len(table):
            dropped = " with all values" if self._n_dropped else ""
            raise DataError(f"the table has no row{dropped}")
        encoding = self._encoding or self._fitted(table)
        notes = (*self._replace_missing(table, encoding), *self._notes_on_categories(encoding))
        ids = self._ids or None
        if self._encoding is None:
            notes += (*self._like_ids(table), *_repeated_ids(self._ids))
        samples = self._with_categories(table, encoding)
        if self._encoding is None:
            coarse = self._coarse_columns()
            names = [name if name not in coarse else "" for name in encoding.names]
            notes += (*_constant_columns(samples, names), *_on_coarse(coarse))
        labels = None
        if self._columns.label is not None:
            labels = classes_of(self._labels)
            notes += self._many_classes(labels)
        return RawData(
            torch.from_numpy(samples),
            labels,
            notes,
            ids=ids,
            columns=encoding.names,
            encoding=encoding.as_json(),
        )

    def _fitted(self, table: NDArray[np.float32]) -> TableEncoding:
        """Return the encoding of a table, whose codes get the order of their categories."""
        columns = []
        for number, name in enumerate(self._columns.names):
            values, categories = table[:, number], None
            if number in self._codes:
                codes = self._codes[number]
                categories = tuple(sorted(codes))
                ranks = {codes[category]: rank for rank, category in enumerate(categories)}
                order = np.array([ranks[code] for code in range(len(ranks))], np.float32)
                present = ~np.isnan(values)
                values[present] = order[values[present].astype(np.int64)]
            columns.append(EncodedColumn(name, categories, self._fill(values, categories)))
        return TableEncoding(tuple(columns), self._policy, self._columns.n_unnamed)

    def _fill(
        self, values: NDArray[np.float32], categories: Sequence[str] | None
    ) -> float | str | None:
        """Return the value that replaces missing ones of a column: for categories, the mode."""
        present = values[~np.isnan(values)]
        if self._policy not in ("mean", "median") or not len(present):
            return None
        if categories is not None:
            return categories[int(np.bincount(present.astype(np.int64)).argmax())]
        average = np.mean if self._policy == "mean" else np.median
        return float(average(present.astype(np.float64)))

    def _with_categories(
        self, table: NDArray[np.float32], encoding: TableEncoding
    ) -> NDArray[np.float32]:
        """Return the samples (N, d) of rows of numbers and codes."""
        if not self._codes:
            return table
        width = len(encoding.names)
        if width > TABLE_COLUMNS:
            raise DataError(f"{width:,} columns and categories, more than {TABLE_COLUMNS:,}")
        if (n_bytes := 4 * len(table) * width) > free_memory():
            raise DataError(f"the categories would take {gib(n_bytes)} of memory")
        samples, place = np.zeros((len(table), width), np.float32), 0
        for number, column in enumerate(encoding.columns):
            if column.categories is None:
                samples[:, place] = table[:, number]
            else:
                codes = table[:, number].astype(np.int64)
                known = np.flatnonzero(codes != _UNSEEN)
                samples[known, place + codes[known]] = 1
            place += len(column.names)
        return samples

    def _notes_on_categories(self, encoding: TableEncoding) -> tuple[str, ...]:
        if self._encoding is None:
            columns = [encoding.columns[number] for number in sorted(self._codes)]
            counts = [f"{len(column.categories or ())} in {column.name!r}" for column in columns]
            return (f"categories, each a column of 0 and 1: {_listed(counts)}",) if counts else ()
        return tuple(
            f"{counted(count, 'value')} in column {name!r} "
            f"{'are categories' if count > 1 else 'is a category'} that the training data do not "
            f"have, such as {self._first_unseen[name]!r}; they are 0 in all columns of categories"
            for name, count in self._unseen.items()
        )

    def _coarse_columns(self) -> list[str]:
        """Return the columns of numbers whose range has few different values in float32."""
        with np.errstate(over="ignore", invalid="ignore"):
            spread = self._greatest - self._least
            largest = np.maximum(np.abs(self._least), np.abs(self._greatest))
            is_narrow = spread < _LEAST_STEPS * np.finfo(np.float32).eps * largest
            is_coarse = is_narrow & ((spread > 0) | (largest >= _WHOLE_NUMBERS))
        numbers = np.flatnonzero(is_coarse & np.isfinite(largest)).tolist()
        return [self._columns.names[n] for n in numbers if n not in self._codes]

    def _like_ids(self, table: NDArray[np.float32]) -> tuple[str, ...]:
        """Return a note on columns that count the rows, as ids do."""
        numbers = [n for n in range(table.shape[1]) if n not in self._codes]
        columns = [n for n in numbers if len(table) >= FEW_ROWS and _counts_rows(table[:, n])]
        if not columns:
            return ()
        names = _listed([repr(self._columns.names[number]) for number in columns])
        return (
            f"a different integer in every row, as ids have, but read as samples: {names}; "
            'leave ids out, or name their column by "id_column"',
        )

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

    def _replace_missing(
        self, table: NDArray[np.float32], encoding: TableEncoding
    ) -> tuple[str, ...]:
        """Fill missing values in place and return notes about them."""
        if self._first_missing is None:
            return ()
        if self._policy == "drop_rows":
            return (
                f"{self._n_dropped} of {self._n_rows} rows have missing values and are dropped; "
                "the ids of the others without a column of ids are their numbers",
            )
        empty = np.flatnonzero(self._n_missing == self._n_rows).tolist()
        if empty and self._encoding is None:
            names = _listed([repr(self._columns.names[column]) for column in empty])
            others = [n for c, n in enumerate(self._columns.names) if c not in empty]
            message = f"no row has a value in {names}; name the other columns: {_listed(others)}"
            raise OptionError("columns", message)
        if self._policy == REFUSE:
            message = (
                f"missing values: {self._missing_columns()}; the first one is in row "
                f"{self._first_missing}"
            )
            if self._encoding is not None:
                message += "; fill them, since the run was trained to refuse them"
                raise OptionError("missing_values", message)
            remedies = MISSING_REMEDIES[1:] if self._n_unlabeled else MISSING_REMEDIES
            raise OptionError("missing_values", message, remedies=remedies)
        if self._n_unlabeled:
            raise OptionError(
                "missing_values",
                f"{self._n_unlabeled} labels are missing in column {self._columns.label_name!r}",
                remedies=MISSING_REMEDIES[1:],
            )
        for number in np.flatnonzero(self._n_missing):
            values, column = table[:, number], encoding.columns[number]
            fill = column.fill
            if fill is None:  # a run of an older version has not saved it
                fill = self._fill(values, column.categories)
            if fill is None:
                raise DataError(f"all values of column {column.name!r} are missing")
            if column.categories is not None:
                fill = column.categories.index(str(fill))
            values[np.isnan(values)] = fill
        kind = f"{self._policy}{' or most frequent category' if self._codes else ''}"
        place = "their column" if self._encoding is None else "their column in the training data"
        return (f"replaced by the {kind} of {place}: {self._missing_columns()}",)

    def _missing_columns(self) -> str:
        """Return the number of missing values in each column."""
        counts = [
            f"{self._n_missing[column]} in column {self._columns.names[column]!r}"
            for column in np.flatnonzero(self._n_missing)
        ]
        if self._n_unlabeled:
            counts.append(f"{self._n_unlabeled} in column {self._columns.label_name!r}")
        return _listed(counts)

    def _many_classes(self, labels: NDArray[np.int64]) -> tuple[str, ...]:
        n_classes = len(np.unique(labels))
        if n_classes <= _MANY_CLASSES * len(labels):
            return ()
        return (
            f"column {self._columns.label_name!r} has {n_classes} different labels in "
            f"{len(labels)} rows",
        )


def _constant_columns(samples: NDArray[np.float32], names: Sequence[str]) -> tuple[str, ...]:
    """Return a note on columns with one value; those without a name are left out."""
    constant = np.flatnonzero(samples.min(axis=0) == samples.max(axis=0)).tolist()
    named = [repr(names[number]) for number in constant if names[number]]
    if not named or len(samples) == 1:
        return ()
    return (f"the same value in all rows: {_listed(named)}",)


def _on_coarse(names: Sequence[str]) -> tuple[str, ...]:
    """Return a note on columns that float32 makes coarse."""
    if not names:
        return ()
    columns = _listed([repr(name) for name in names])
    return (
        f"numbers so large that float32 has fewer than {_LEAST_STEPS} different values in their "
        f"range: {columns}; subtract a constant in the file",
    )


def _counts_rows(values: NDArray[np.float32]) -> bool:
    """Whether values are different integers, in ascending order or without gaps."""
    differences = np.diff(values)
    ascends = bool((differences > 0).all())
    if not ascends and np.ptp(values) != len(values) - 1:
        return False
    return bool((values == np.rint(values)).all()) and len(np.unique(values)) == len(values)


def _repeated_ids(ids: Sequence[str]) -> tuple[str, ...]:
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    if not repeated:
        return ()
    return (
        f"{len(repeated)} ids occur in several rows, such as {escaped(repeated[0])!r}; results "
        "show the number of a row beside its id",
    )


def _too_many_categories(name: str) -> OptionError:
    return OptionError(
        "categorical_columns",
        f"column {name!r} has more than {COLUMN_CATEGORIES} categories, as a column of names has",
        remedies=(Remedy("id_column", name, "keeps it out of the samples"),),
    )


def text_columns(
    names: Sequence[str], values: Sequence[Sequence[str]], is_number: Callable[[str], bool]
) -> list[str]:
    """Return the names of columns of texts that can be categories.

    Args:
        names: of d columns.
        values: d columns of texts, the first rows of a table, `""` for a missing one.
        is_number: whether a text is meant as a number.

    Raises:
        OptionError: a column has another text in most rows, as names and sentences have.
    """
    categorical = []
    for name, column in zip(names, values, strict=True):
        present = [text for text in column if text]
        if not present or sum(map(is_number, present)) >= _NUMERIC * len(present):
            continue
        n_different = len(set(present))
        many = n_different > COLUMN_CATEGORIES or n_different > _MANY_CLASSES * len(present)
        if many and n_different > _FEW_CATEGORIES:
            raise OptionError(
                "id_column",
                f"column {name!r} has {n_different} different texts in {len(present)} rows, such "
                f"as {quoted(present[0])}, so they are not categories",
                remedies=(
                    Remedy("id_column", name, "takes them as the names of rows"),
                    Remedy("text_column", name, "clusters them as documents"),
                    Remedy("columns", None, "lists the columns of the samples"),
                ),
            )
        categorical.append(name)
    return categorical


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


def quoted(text: str) -> str:
    """Return a text in quotation marks, cut if it is long."""
    most = QUOTED_VALUE_CHARACTERS
    return repr(text if len(text) <= most else f"{text[: most - 3]}...")


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _LISTED_COLUMNS
    return ", ".join(words[:_LISTED_COLUMNS]) + (f" and {more} more" if more > 0 else "")
