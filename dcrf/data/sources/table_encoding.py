"""The encoding of a table: values fitted to training data, for new rows that are encoded alike."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dcrf.data.sources.raw_data import Encoding
from dcrf.errors import DataError


class EncodedColumn(NamedTuple):
    """A column of the table.

    name: in the header.
    categories: sorted; each one becomes a column of 0 and 1. None for a column of numbers.
    fill: replaces a missing value, a number or a category; None if nothing does.
    """

    name: str
    categories: tuple[str, ...] | None = None
    fill: float | str | None = None

    @property
    def names(self) -> list[str]:
        """The names of its columns in the samples, such as `color=red` for a category."""
        if self.categories is None:
            return [self.name]
        return [f"{self.name}={category}" for category in self.categories]


class TableEncoding(NamedTuple):
    """The columns of the samples in their order, and what else new rows need.

    missing_values: the policy of the training data; None if it is unknown.
    n_unnamed: the number of all columns in a file without a header, 0 for one with a header.
    """

    columns: tuple[EncodedColumn, ...]
    missing_values: str | None = None
    n_unnamed: int = 0

    @property
    def names(self) -> list[str]:
        """The names of the columns in the samples."""
        return [name for column in self.columns for name in column.names]

    def as_json(self) -> Encoding:
        """Return the encoding as JSON, which `table_encoding` reads."""
        columns = [
            {key: value for key, value in column._asdict().items() if value is not None}
            for column in self.columns
        ]
        return {**self._asdict(), "columns": columns}


def table_encoding(encoding: Encoding) -> TableEncoding:
    """Read an encoding. Runs of older versions have only the names of columns.

    Raises:
        DataError: it is damaged.
    """
    try:
        columns = tuple(map(_column, encoding["columns"]))
        policy, n_unnamed = encoding.get("missing_values"), encoding.get("n_unnamed", 0)
        if not columns or not isinstance(policy, str | None) or not isinstance(n_unnamed, int):
            raise TypeError("columns, missing_values or n_unnamed")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"the encoding of the run is damaged ({error})") from error
    return TableEncoding(columns, policy, n_unnamed)


def _column(value: str | Mapping[str, Any]) -> EncodedColumn:
    if isinstance(value, str):
        return EncodedColumn(value)
    column = EncodedColumn(**value)
    if column.categories is None:
        fill = None if column.fill is None else float(column.fill)
        return EncodedColumn(_text(column.name), fill=fill)
    categories = tuple(map(_text, _sequence(column.categories)))
    if column.fill is not None and column.fill not in categories:
        raise ValueError(f"{column.fill!r} is not a category")
    return EncodedColumn(_text(column.name), categories, column.fill)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a name")
    return value


def _sequence(value: Sequence[str]) -> Sequence[str]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is not a list")
    return value
