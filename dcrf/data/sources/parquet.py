"""The source `parquet`: a table in a file of Apache Parquet."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcrf.data.sources.arrays import naming, naming_option
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import Encoding, RawData
from dcrf.data.sources.table_encoding import TableEncoding, table_encoding
from dcrf.data.sources.tables import (
    ChosenColumns,
    TableRows,
    chosen_columns,
    columns_like,
    outline_of_table,
    text_columns,
)
from dcrf.errors import DataError, OptionError, Remedy
from dcrf.extras import optional_package
from dcrf.safety.memory import free_memory, gib
from dcrf.safety.reading_errors import READING_ERRORS

_ROWS_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True)
class Parquet:
    """A table of numbers and categories in a file of Apache Parquet, as float32 (N, d) in memory.

    dataset: the name for errors.
    path: the file.
    columns: of the samples; None for all but those of labels and ids.
    label_column: the classes. Texts are numbered in sorted order.
    id_column: the names of samples, for results.
    categorical_columns: of the samples, whose values are categories; the others hold numbers or
        booleans. Each category becomes a column of 0 and 1.
    missing_values: `refuse`, `mean`, `median` or `drop_rows`.
    """

    dataset: str
    _: KW_ONLY
    path: str
    columns: Sequence[str] | None = None
    label_column: str | None = None
    id_column: str | None = None
    categorical_columns: Sequence[str] = ()
    missing_values: str = "refuse"

    def open(self) -> RawData:
        """Read the table.

        Raises:
            DataError: pyarrow or the file is missing, or it is not a table of numbers.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            return self._read()

    def open_like(self, encoding: Encoding) -> RawData:
        """Read new rows, encoded as those of the training data.

        Raises:
            DataError: as for `open`, or a column of the training data is missing.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            return self._read(table_encoding(encoding))

    def suggested(self) -> dict[str, Any]:
        """Return `categorical_columns` with the other columns of texts in the first rows.

        Raises:
            OptionError: a column has too many different texts for categories, or the file cannot be
                read.
        """
        with naming_option("path", self.path), self._opened() as file:
            places = self._places(file.schema_arrow)
            names = [n for i, n in enumerate(places.names) if i not in places.categorical]
            kinds = {name: file.schema_arrow.field(name).type for name in names}
            texts = [n for n, t in kinds.items() if not (_holds_numbers(t) or _is_nested(t))]
            first = next(file.iter_batches(_ROWS_AT_A_TIME, columns=texts), None) if texts else None
            if first is None:
                return {}
            values = [_texts(first, name) for name in texts]
            categorical = text_columns(texts, values, lambda text: False)
        if not categorical:
            return {}
        return {"categorical_columns": [*self.categorical_columns, *categorical]}

    def outline(self) -> Outline:
        """Return the outline. Files of up to `TABLE_CHECKED_BYTES` are read whole to check them.

        Raises:
            OptionError: pyarrow or the file is missing, or it is not a table of numbers, or a
                column is unknown.
        """
        with naming_option("path", self.path):
            return outline_of_table(Path(self.path), self._read, self._count)

    def _read(self, encoding: TableEncoding | None = None) -> RawData:
        with self._opened() as file:
            columns = self._chosen(file.schema_arrow, encoding)
            _check_memory(file.metadata, len(columns.samples))
            table = TableRows(columns, self.missing_values, encoding)
            needed = self._needed(columns, file)
            for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=needed):
                numbers = [
                    table.codes(number, _texts(batch, name))
                    if number in columns.categorical
                    else _numbers(batch.column(name))
                    for number, name in enumerate(columns.names)
                ]
                labels = [] if self.label_column is None else _texts(batch, self.label_column)
                ids = [] if columns.id is None else _texts(batch, str(self.id_column))
                table.add(np.stack(numbers, axis=1), labels, ids)
        return table.raw_data()

    def _count(self) -> Outline:
        with self._opened() as file:
            columns = self._chosen(file.schema_arrow)
            table = TableRows(columns, self.missing_values)
            names = {number: columns.names[number] for number in columns.categorical}
            for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=[*names.values()]):
                for number, name in names.items():
                    table.codes(number, _texts(batch, name))
            return table.outline(file.metadata.num_rows)

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

    def _chosen(self, schema: Any, encoding: TableEncoding | None = None) -> ChosenColumns:
        columns = self._places(schema, encoding)
        for number, name in enumerate(columns.names):
            kind = schema.field(name).type
            if _is_nested(kind):
                raise OptionError(
                    "columns",
                    f"column {name!r} is of type {kind}, not numbers; if all its lists have one "
                    "length, cluster them as an array: numpy.save('rows.npy', numpy.stack("
                    f"pyarrow.parquet.read_table({self.path!r})[{name!r}].to_numpy()))",
                )
            if number not in columns.categorical and not _holds_numbers(kind):
                raise OptionError(
                    "columns",
                    f"column {name!r} is of type {kind}, not numbers",
                    remedies=(
                        Remedy("categorical_columns", [name], "reads categories"),
                        Remedy("id_column", name, "the names of rows"),
                        Remedy("label_column", name, "known classes"),
                    ),
                )
        return columns

    def _places(self, schema: Any, encoding: TableEncoding | None = None) -> ChosenColumns:
        if len({*schema.names}) < len(schema.names):
            raise DataError("several columns have the same name")
        if encoding is not None:
            return columns_like(encoding, schema.names, self.label_column, self.id_column)
        return chosen_columns(
            schema.names,
            self.columns,
            self.label_column,
            self.id_column,
            self.categorical_columns,
        )

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


def _is_nested(kind: Any) -> bool:
    """Whether the values of a column are lists or structures."""
    is_nested: bool = optional_package("pyarrow.types", "parquet").is_nested(kind)
    return is_nested


def _numbers(column: Any) -> NDArray[np.float64]:
    """Return the numbers (n,) of a column, NaN for missing ones."""
    return column.cast("float64", safe=False).to_numpy(zero_copy_only=False)


def _texts(batch: Any, name: str) -> list[str]:
    """Return the values of a column as texts, `""` for missing ones."""
    return ["" if text is None else text.strip() for text in _as_text(batch.column(name))]


def _as_text(column: Any) -> list[str | None]:
    return column.cast("string").to_pylist()
