"""The source `csv`: a table in a text file, which gzip may have packed."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, replace
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcrf.data.sources.arrays import naming, naming_option
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import Encoding, RawData
from dcrf.data.sources.table_encoding import TableEncoding, table_encoding
from dcrf.data.sources.tables import (
    MISSING,
    ChosenColumns,
    TableRows,
    chosen_columns,
    columns_like,
    outline_of_table,
    quoted,
    text_columns,
)
from dcrf.errors import DataError, OptionError, Remedy
from dcrf.safety.text_files import UTF_8, UndecodableError, text_lines

_DELIMITERS = (",", ";", "\t", "|", " ")
"""Delimiters that are recognized."""

_OTHER_DELIMITERS = (":", ",", ";", "\t", "|")
"""Delimiters that are suggested for a file with one column."""

_FIRST_NUMBERS = frozenset(map(str, (0, 1, *range(1900, 2100))))
"""Numbers with which names of columns may begin: indices and years."""

_EXAMPLES = 100  # rows from which delimiter and header are recognized
_ROWS_AT_A_TIME = 4096
_NAME_CHARACTERS = 30  # at most in a name of a column of texts
_FAULTY = 0.1  # of the values of a column of numbers, at most, are likely mistakes
_NUMERIC = 0.5  # of the values of a column of numbers, or of a table that spaces divide
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")


class _Format(NamedTuple):
    """How a file is written: its delimiter, the names of all columns, and if line 1 has them."""

    delimiter: str
    names: list[str]
    has_header: bool


class _Row(NamedTuple):
    """The fields of a row, and the line on which it ends."""

    fields: list[str]
    line: int


@dataclass(frozen=True, slots=True)
class Csv:
    """A table of numbers and categories in a text file, read into memory as float32 (N, d).

    Columns of a file without a header are called `column_1`, `column_2` and so on; so are columns
    without a name.

    dataset: the name for errors.
    path: the file, plain or packed by gzip.
    encoding: of the file.
    delimiter: None to recognize it.
    has_header: whether the first row names the columns; None to recognize it.
    columns: of the samples; None for all but those of labels and ids.
    label_column: the classes. Texts are numbered in sorted order.
    id_column: the names of samples, for results.
    categorical_columns: of the samples, whose values are categories. Each category becomes a column
        of 0 and 1.
    missing_values: `refuse`, `mean`, `median` or `drop_rows`.
    """

    dataset: str
    _: KW_ONLY
    path: str
    encoding: str = UTF_8
    delimiter: str | None = None
    has_header: bool | None = None
    columns: Sequence[str] | None = None
    label_column: str | None = None
    id_column: str | None = None
    categorical_columns: Sequence[str] = ()
    missing_values: str = "refuse"

    def open(self) -> RawData:
        """Read the table.

        Raises:
            DataError: the file is missing or not a table of numbers; the message has row, line and
                column.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            return self._read()

    def open_like(self, encoding: Encoding) -> RawData:
        """Read new rows, encoded as those of the training data.

        Raises:
            DataError: as for `open`, or a column of the training data is missing.
        """
        known = table_encoding(encoding)
        like = replace(self, columns=[column.name for column in known.columns])
        with naming(f"data set {self.dataset} in {self.path}"):
            return like._read(known)

    def suggested(self) -> dict[str, Any]:
        """Return `categorical_columns` with the other columns of texts in the first rows.

        Raises:
            OptionError: a column has too many different texts for categories, or the file cannot be
                read.
        """
        with naming_option("path", self.path), self._lines() as lines:
            form, rows = self._rows(lines)
            columns = self._chosen(form)
            first = list(islice(rows, _ROWS_AT_A_TIME))
            if len(form.names) == 1:
                _check_delimiter(form, first)
            others = [n for n in range(len(columns.names)) if n not in columns.categorical]
            values = [_texts(first, columns.samples[n]) for n in others]
            categorical = text_columns([columns.names[n] for n in others], values, _is_number)
        suggested: dict[str, Any] = {}
        if categorical:
            suggested["categorical_columns"] = [*self.categorical_columns, *categorical]
        if categorical and self.has_header is None:
            suggested["has_header"] = form.has_header  # which other columns may not tell
        return suggested

    def outline(self) -> Outline:
        """Return the outline. Files of up to `TABLE_CHECKED_BYTES` are read whole to check them.

        Of larger files only the rows are counted, which `drop_rows` leaves unknown.

        Raises:
            OptionError: the file is missing or not a table of numbers, or a column is unknown.
        """
        with naming_option("path", self.path):
            return outline_of_table(Path(self.path), self._read, self._count)

    @contextmanager
    def _lines(self) -> Iterator[Iterator[str]]:
        try:
            with text_lines(Path(self.path), self.encoding) as lines:
                yield lines
        except UndecodableError as error:
            remedy = Remedy("encoding", None, "names its encoding")
            raise OptionError("encoding", str(error), remedies=(remedy,)) from error

    def _read(self, encoding: TableEncoding | None = None) -> RawData:
        with self._lines() as lines:
            form, rows = self._rows(lines)
            columns = self._chosen(form, encoding)
            table = TableRows(columns, self.missing_values, encoding)
            first = 1
            while part := list(islice(rows, _ROWS_AT_A_TIME)):
                numbers = _numbers(part, first, columns)
                for number in columns.categorical:
                    numbers[:, number] = table.codes(number, _texts(part, columns.samples[number]))
                labels = [] if columns.label is None else _texts(part, columns.label)
                ids = [] if columns.id is None else [row.fields[columns.id].strip() for row in part]
                table.add(numbers, labels, ids)
                first += len(part)
        return table.raw_data()

    def _count(self) -> Outline:
        """Return the outline without reading any number."""
        with self._lines() as lines:
            form, rows = self._rows(lines)
            columns = self._chosen(form)
            table, n_rows = TableRows(columns, self.missing_values), 0
            while part := list(islice(rows, _ROWS_AT_A_TIME)):
                n_rows += len(part)
                for number in columns.categorical:
                    table.codes(number, _texts(part, columns.samples[number]))
            return table.outline(n_rows)

    def _chosen(self, form: _Format, encoding: TableEncoding | None = None) -> ChosenColumns:
        if encoding is not None:
            return columns_like(
                encoding,
                form.names,
                self.label_column,
                self.id_column,
                has_names=form.has_header,
            )
        columns = chosen_columns(
            form.names,
            self.columns,
            self.label_column,
            self.id_column,
            self.categorical_columns,
        )
        return columns if form.has_header else replace(columns, n_unnamed=len(form.names))

    def _rows(self, lines: Iterator[str]) -> tuple[_Format, Iterator[_Row]]:
        """Return the format of the file, and its rows without the header."""
        start = list(islice(lines, _EXAMPLES + 1))
        form = self._format(start)
        records = _records(chain(start, lines), form.delimiter)
        if form.has_header:
            next(records)
        return form, _of_one_width(records, form)

    def _format(self, start: Sequence[str]) -> _Format:
        known = [self.delimiter] if self.delimiter else _DELIMITERS
        examples = {delimiter: _examples(start, delimiter) for delimiter in known}
        delimiter = max(examples, key=lambda d: _likelihood(d, examples[d]))
        rows = examples[delimiter]
        if not rows:
            raise DataError("the file has no rows")
        has_header = self.has_header
        if has_header is None:
            named = {self.label_column, self.id_column, *(self.columns or ())} - {None}
            named |= {*self.categorical_columns}
            has_header = bool(named & {*map(str.strip, rows[0])}) or _is_header(rows)
        names = [name.strip() for name in rows[0]] if has_header else [""] * len(rows[0])
        names = [name or f"column_{number}" for number, name in enumerate(names, 1)]
        return _Format(delimiter, names, has_header)


def _records(lines: Iterator[str], delimiter: str) -> Iterator[_Row]:
    """Yield all rows that are not blank."""
    if delimiter == " ":
        lines = (line.strip() for line in lines)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for fields in reader:
            if fields:
                yield _Row(fields, reader.line_num)
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}") from error


def _of_one_width(rows: Iterator[_Row], form: _Format) -> Iterator[_Row]:
    width = len(form.names)
    for number, row in enumerate(rows, 1):
        if len(row.fields) != width:
            first = "the header" if form.has_header else "the first row"
            hint = ""
            if form.has_header and number == 1 and len(row.fields) == width + 1:
                hint = "; if the first column holds row names, give it a name in the header"
            raise DataError(
                f"row {number} (line {row.line}) has {len(row.fields)} fields, but {first} has "
                f"{width}, separated by {form.delimiter!r}{hint}"
            )
        yield row


def _examples(start: Sequence[str], delimiter: str) -> list[list[str]]:
    """Return the first rows; empty if the delimiter does not fit at all."""
    rows = []
    try:
        for row in _records(iter(start), delimiter):
            rows.append(row.fields)
    except DataError:  # a quoted field may go on after the first lines
        pass
    return rows


def _likelihood(delimiter: str, rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Return how well a delimiter divides rows: equal widths, numbers, many columns.

    A space divides numbers only; between words it belongs to a text.
    """
    width, n_equal = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
    if width == 1:
        return 0, 1
    fields = list(chain.from_iterable(rows))
    numeric = sum(map(_is_number, fields)) / len(fields)
    if delimiter == " " and numeric < _NUMERIC:
        return 0, 1
    return n_equal / len(rows) + numeric, width


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: text above numbers, or 0, 1, 2 and so on."""
    first, *others = rows
    if not others:
        return not any(map(_is_number, first))
    for place, name in enumerate(first):
        values = [row[place] for row in others if place < len(row) and not _is_missing(row[place])]
        is_text = not (_is_number(name) or _is_missing(name))
        if is_text and values and sum(map(_is_number, values)) >= _NUMERIC * len(values):
            return True
    numbers = [name.strip() for name in (first[1:] if _is_missing(first[0]) else first)]
    return _counts(numbers) or _names_categories(first, others) or _names_texts(first, others)


def _counts(numbers: Sequence[str]) -> bool:
    """Whether texts count, as 0, 1, 2 and 1, 2, 3 do, or are consecutive years."""
    if len(numbers) <= 2 or numbers[0] not in _FIRST_NUMBERS:  # noqa: PLR2004 - two may be a sample
        return False
    start = int(numbers[0])
    return [*numbers] == [str(start + i) for i in range(len(numbers))]


def _names_categories(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row of a table of texts only differs from all others in every column.

    Its other values must repeat, as those of categories do.
    """
    for place, name in enumerate(first):
        values = [row[place] for row in others if place < len(row)]
        is_text = not (_is_number(name) or _is_missing(name))
        if not is_text or name in values or 2 * len({*values}) > len(values):
            return False
    return len({*first}) == len(first)


def _names_texts(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row of a table of texts only has short names, as above documents.

    They differ from each other and from all values, and one is shorter than all values below it and
    at most half as long as most of them.
    """
    names, rows = [*map(str.strip, first)], [row for row in others if len(row) == len(first)]
    values = {value.strip() for row in rows for value in row}
    if not rows or len({*names}) < len(names) or values & {*names}:
        return False
    is_name = [
        len(name) <= _NAME_CHARACTERS and not (_is_number(name) or _is_missing(name))
        for name in names
    ]
    is_short = []
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        lengths = [len(value.strip()) for value in column]
        is_short.append(len(name) < min(lengths) and 2 * len(name) <= median(lengths))
    return all(is_name) and any(is_short)


def _numbers(rows: Sequence[_Row], first: int, columns: ChosenColumns) -> NDArray[np.float64]:
    """Return the numbers (n, d) of rows from number `first` on, NaN for missing ones.

    Columns of categories are NaN.
    """
    numeric = [n for n in range(len(columns.samples)) if n not in columns.categorical]
    places, names = [columns.samples[n] for n in numeric], [columns.names[n] for n in numeric]
    table = np.full((len(rows), len(columns.samples)), np.nan)
    if not numeric:
        return table
    pick: Callable[[list[str]], Sequence[str]] = itemgetter(*places)
    if len(places) == 1:
        (place,) = places
        pick = lambda fields: (fields[place],)  # noqa: E731 - as itemgetter of several
    fields = chain.from_iterable(pick(row.fields) for row in rows)
    try:
        numbers = np.fromiter(map(float, fields), np.float64, len(rows) * len(places))
    except ValueError:
        numbers = np.array(
            [
                _number(rows, number, place, first, name)
                for number in range(len(rows))
                for place, name in zip(places, names, strict=True)
            ]
        )
    table[:, numeric] = numbers.reshape(len(rows), len(places))
    return table


def _number(rows: Sequence[_Row], number: int, place: int, first: int, column: str) -> float:
    """Return the number in a field.

    Args:
        rows: from row `first` of the table on.
        number: of the row, counted from 0.
        place: of the field in the row.
        first: the number of the first row.
        column: the name of the column.

    Raises:
        OptionError: it has another text.
    """
    row = rows[number]
    text = row.fields[place]
    try:
        return float(text)
    except ValueError:
        if _is_missing(text):
            return float("nan")
    where = f"row {first + number} (line {row.line})"
    message = f"{where}, column {column!r}: {quoted(text)} is not a number"
    texts = [row.fields[place] for row in rows]
    n_faulty = sum(not (_is_number(text) or _is_missing(text)) for text in texts)
    if 0 < n_faulty <= _FAULTY * len(rows):
        are, them = ("is not a number", "it") if n_faulty == 1 else ("are not numbers", "them")
        message = (
            f"column {column!r}: {n_faulty} of the {len(rows)} values in rows {first} to "
            f"{first + len(rows) - 1} {are}, first {quoted(text)} in {where}; correct {them}, or "
            f"leave {them} empty as missing"
        )
    raise _not_a_number(message, text, column)


def _not_a_number(message: str, text: str, column: str) -> OptionError:
    remedies: tuple[Remedy, ...] = ()
    if _DECIMAL_COMMA.fullmatch(text.strip()):
        message += "; write numbers with a decimal point"
    elif _GROUPED.fullmatch(text.strip()):
        message += "; write numbers without separators of thousands"
    else:
        remedies = (
            Remedy("categorical_columns", [column], "reads categories"),
            Remedy("id_column", column, "the names of rows"),
            Remedy("label_column", column, "known classes"),
        )
    return OptionError("columns", message, remedies=remedies)


def _check_delimiter(form: _Format, rows: Sequence[_Row]) -> None:
    """Raise OptionError if another character divides the only column of a file.

    Raises:
        OptionError: it does.
    """
    texts = [*(form.names if form.has_header else ()), *(row.fields[0] for row in rows)]
    for delimiter in _OTHER_DELIMITERS:
        if all(delimiter in text for text in texts):
            raise OptionError(
                "delimiter",
                f"the file has one column, with values such as {quoted(texts[-1])}",
                remedies=(Remedy("delimiter", delimiter, "divides it"),),
            )


def _texts(rows: Sequence[_Row], place: int) -> list[str]:
    """Return the labels of rows, `""` for missing ones."""
    texts = (row.fields[place].strip() for row in rows)
    return ["" if _is_missing(text) else text for text in texts]


def _is_number(text: str) -> bool:
    """Whether a text is meant as a number, also one with a decimal comma."""
    try:
        float(text)
    except ValueError:
        return bool(_DECIMAL_COMMA.fullmatch(text.strip()))
    return not _is_missing(text)


def _is_missing(text: str) -> bool:
    return text.strip().lower() in MISSING
