"""The source `parquet`: a table of numbers in a file of Apache Parquet."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcrf.data.sources.arrays import naming, naming_option
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData
from dcrf.data.sources.tables import (
    ChosenColumns,
    TableRows,
    chosen_columns,
    outline_of_columns,
    outline_of_table,
)
from dcrf.errors import DataError, OptionError
from dcrf.extras import optional_package
from dcrf.safety.memory import free_memory, gib
from dcrf.safety.reading_errors import READING_ERRORS

_ROWS_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True)
class Parquet:
    """A table of numbers in a file of Apache Parquet, read into memory as float32 (N, d).

    dataset: the name for errors.
    path: the file.
    columns: of the samples, of numbers or booleans; None for all but those of labels and ids.
    label_column: the classes. Texts are numbered in sorted order.
    id_column: the names of samples, for results.
    missing_values: `refuse`, `mean`, `median` or `drop_rows`.
    """

    dataset: str
    _: KW_ONLY
    path: str
    columns: Sequence[str] | None = None
    label_column: str | None = None
    id_column: str | None = None
    missing_values: str = "refuse"

    def open(self) -> RawData:
        """Read the table.

        Raises:
            DataError: pyarrow or the file is missing, or it is not a table of numbers.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            return self._read()

    def outline(self) -> Outline:
        """Return the outline. Files of up to `TABLE_CHECKED_BYTES` are read whole to check them.

        Raises:
            OptionError: pyarrow or the file is missing, or it is not a table of numbers, or a
                column is unknown.
        """
        with naming_option("path", self.path):
            return outline_of_table(Path(self.path), self._read, self._count)

    def _read(self) -> RawData:
        with self._opened() as file:
            columns = self._chosen(file.schema_arrow)
            _check_memory(file.metadata, len(columns.samples))
            table = TableRows(columns, self.missing_values)
            for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=self._needed(columns, file)):
                numbers = [_numbers(batch.column(name)) for name in columns.names]
                labels = [] if self.label_column is None else _texts(batch, self.label_column)
                ids = [] if self.id_column is None else _texts(batch, self.id_column)
                table.add(np.stack(numbers, axis=1), labels, ids)
        return table.raw_data()

    def _count(self) -> Outline:
        with self._opened() as file:
            columns = self._chosen(file.schema_arrow)
            return outline_of_columns(columns, file.metadata.num_rows, self.missing_values)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """Open the file, and raise the errors of pyarrow as a DataError."""
        pyarrow = optional_package("pyarrow", "parquet")
        parquet = optional_package("pyarrow.parquet", "parquet")
        path = Path(self.path)
        if not path.is_file():
            raise DataError("not a regular file" if path.exists() else "the file does not exist")
        try:
            with parquet.ParquetFile(path) as file:
                yield file
        except (*READING_ERRORS, MemoryError, pyarrow.ArrowException) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"cannot be read as a table of Parquet ({error})") from error

    def _chosen(self, schema: Any) -> ChosenColumns:
        if len({*schema.names}) < len(schema.names):
            raise DataError("several columns have the same name")
        columns = chosen_columns(schema.names, self.columns, self.label_column, self.id_column)
        for name in columns.names:
            if not _holds_numbers(kind := schema.field(name).type):
                raise OptionError(
                    "columns",
                    f"column {name!r} is of type {kind}, not numbers; list columns of numbers in "
                    '"columns", or name the classes in "label_column"',
                )
        return columns

    def _needed(self, columns: ChosenColumns, file: Any) -> list[str]:
        wanted = {*columns.names, self.label_column, self.id_column}
        return [name for name in file.schema_arrow.names if name in wanted]


def _check_memory(metadata: Any, n_columns: int) -> None:
    """Raise DataError if a group of rows or the whole table, which is held twice, is too large."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    table = 2 * 4 * metadata.num_rows * n_columns
    size = max([table, *(group.total_byte_size for group in groups)])
    if size > free_memory():
        raise DataError(f"the table would take {gib(size)} of memory")


def _holds_numbers(kind: Any) -> bool:
    types = optional_package("pyarrow.types", "parquet")
    return any(
        test(kind)
        for test in (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    )


def _numbers(column: Any) -> NDArray[np.float64]:
    """Return the numbers (n,) of a column, NaN for missing ones."""
    return column.cast("float64", safe=False).to_numpy(zero_copy_only=False)


def _texts(batch: Any, name: str) -> list[str]:
    """Return the values of a column as texts, `""` for missing ones."""
    return ["" if text is None else text.strip() for text in _as_text(batch.column(name))]


def _as_text(column: Any) -> list[str | None]:
    return column.cast("string").to_pylist()
