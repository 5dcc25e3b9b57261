"""The source `text`: documents in a folder or a column of a CSV file, as rows of TF-IDF weights."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dcrf.data.sources import raw_data
from dcrf.data.sources.arrays import naming
from dcrf.data.sources.class_folders import list_class_folders
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData
from dcrf.data.sources.tables import classes_of
from dcrf.data.sources.tf_idf import Norm, StopWords, Texts, TfIdf
from dcrf.errors import DataError, OptionError, Remedy
from dcrf.safety.limits import (
    DOCUMENT_CHARACTERS,
    IMAGE_FOLDER_ENTRIES,
    TEXT_BYTES,
    TEXT_OUTLINE_BYTES,
)
from dcrf.safety.terminal_text import escaped
from dcrf.safety.text_files import codec_of

Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252"]

_DELIMITERS = (",", ";", "\t", "|")
"""Delimiters that are recognized; the first one is taken if none fits."""


@dataclass(frozen=True, slots=True)
class Text:
    """Documents in the `.txt` files of a folder, or in a column of a CSV file.

    The documents of a folder are sorted by class and path. Those of a CSV file keep their order,
    and its labels are numbered as in `Csv`.

    dataset: the name for errors.
    path: the folder, or the CSV file.
    text_column: the column of the documents in a CSV file.
    label_column: the column of the labels in a CSV file; None without labels.
    id_column: the column of the names of documents in a CSV file, for results.
    delimiter: between the columns of a CSV file, one character; None to recognize it.
    has_header: whether the first row of a CSV file names the columns; otherwise they are
        `column_1`, `column_2` and so on. None recognizes that by the columns that are named.
    classes: whether sub-folders are classes; None finds out, as `list_class_folders` does.
    encoding: of the files.
    max_features, min_df, stop_words, norm, sublinear_tf: as in `TfIdf`.
    """

    dataset: str
    _: KW_ONLY
    path: str
    text_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    classes: bool | None = None
    encoding: Encoding = "utf-8"
    max_features: int = 2000
    min_df: int = 1
    stop_words: StopWords = "none"
    norm: Norm = "l2"
    sublinear_tf: bool = False

    def open(self) -> RawData:
        """Read the documents.

        Raises:
            DataError: a document or label cannot be read, or no term is frequent enough.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            return self._tf_idf.data(self._texts(is_outline=False))

    def open_like(self, encoding: raw_data.Encoding) -> RawData:
        """Read new documents and weight them with the terms of the training documents.

        They may be in a folder or a CSV file, wherever those of the training were.

        Raises:
            DataError: a document cannot be read, or the encoding is damaged.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            texts = self._for_new_documents()._texts(is_outline=False)
            return self._tf_idf.data_like(texts, encoding)

    def documents(self) -> Texts:
        """Return the documents, which are read when they are iterated over.

        Raises:
            DataError: they cannot be found.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            return self._texts(is_outline=False)

    def suggested(self) -> dict[str, Any]:
        """Return weights of sublinear counts, without stop words: long documents differ less."""
        return {"sublinear_tf": True, "stop_words": "english"}

    def outline(self) -> Outline:
        """Return the outline. Documents are read until the number of terms is known.

        Rows of a CSV file of more than `TEXT_OUTLINE_BYTES` are not counted.

        Raises:
            OptionError: the documents cannot be read, or an option does not fit them.
        """
        try:
            return self._tf_idf.outline(self._texts(is_outline=True))
        except OptionError:
            raise
        except DataError as error:
            raise OptionError("path", f"{self.path}: {error}") from error

    @property
    def _tf_idf(self) -> TfIdf:
        return TfIdf(self.max_features, self.min_df, self.stop_words, self.norm, self.sublinear_tf)

    def _for_new_documents(self) -> "Text":
        """Return this source without options that mean nothing at its path."""
        if not Path(self.path).is_file():
            return replace(self, text_column=None, label_column=None, id_column=None)
        table = self._table(Path(self.path))
        columns = table.columns()
        text_column = columns[0] if len(columns) == 1 else self.text_column
        id_column = self.id_column if self.id_column in columns else None
        return replace(self, classes=None, text_column=text_column, id_column=id_column)

    @property
    def _codec(self) -> str:
        return codec_of(self.encoding)

    def _texts(self, *, is_outline: bool) -> Texts:
        codec, path = self._codec, Path(self.path)
        if path.is_file():
            return self._column(path, is_outline)
        for key in ("text_column", "label_column", "id_column"):
            if path.is_dir() and getattr(self, key) is not None:
                raise OptionError(key, f"{path} is a folder, and only CSV files have columns")
        limit = IMAGE_FOLDER_ENTRIES if is_outline else None
        listing = list_class_folders(self.path, "text", (".txt",), self.classes, limit)
        files = _Files(listing.paths, codec)
        ids, labels = listing.ids, listing.labels
        n_samples, has_labels = len(ids), labels is not None
        if not listing.is_complete:
            return Texts(files, None, None, None, ids.__getitem__)
        return Texts(files, n_samples, labels, has_labels, ids.__getitem__, listing.notes, ids)

    def _table(self, path: Path) -> "_Table":
        """Return the CSV file; delimiter and header are recognized by the columns that are named.

        A first row without these names is a header unless the names are those of columns without.
        """
        delimiters = _DELIMITERS if self.delimiter is None else (self.delimiter,)
        headers = (True, False) if self.has_header is None else (self.has_header,)
        tables = [_Table(path, self._codec, d, header) for header in headers for d in delimiters]
        if named := {self.text_column, self.label_column, self.id_column} - {None}:
            return next((t for t in tables if named <= {*_columns_or_none(t)}), tables[0])
        return tables[0]

    def _column(self, path: Path, is_outline: bool) -> Texts:
        if (size := path.stat().st_size) > TEXT_BYTES:
            raise DataError(f"it has {size} bytes; at most {TEXT_BYTES} are read")
        if self.classes is not None:
            raise OptionError("classes", f"{path} is a file, and classes are sub-folders")
        table = self._table(path)
        columns = table.columns()
        if self.text_column is None:
            raise OptionError(
                "text_column", f"name the column of the documents; the file has: {_listed(columns)}"
            )
        place = _place(columns, "text_column", self.text_column)
        documents, has_labels = _Column(table, place), self.label_column is not None
        others = {
            key: _place(columns, key, name)
            for key, name in (("label_column", self.label_column), ("id_column", self.id_column))
            if name is not None
        }
        if is_outline and size > TEXT_OUTLINE_BYTES:
            return Texts(documents, None, None, has_labels, lambda i: f"row {i}")
        lines, values = _lines_and_values(table, others)
        labels = classes_of(values["label_column"]) if has_labels else None
        name = lambda i: f"line {lines[i]}"  # noqa: E731 - for messages
        return Texts(documents, len(lines), labels, has_labels, name, ids=values.get("id_column"))


@dataclass(frozen=True, slots=True)
class _Files:
    """The contents of files."""

    paths: Sequence[str]
    codec: str

    def __iter__(self) -> Iterator[str]:
        n_bytes = 0
        for path in self.paths:
            with _decoding(path, self.codec):
                n_bytes += Path(path).stat().st_size
                if n_bytes > TEXT_BYTES:
                    raise DataError(
                        f"the texts have more than {TEXT_BYTES} bytes, the most allowed"
                    )
                with Path(path).open(encoding=self.codec) as file:
                    yield file.read(DOCUMENT_CHARACTERS + 1)


@dataclass(frozen=True, slots=True)
class _Table:
    """A CSV file.

    has_header: whether the first row names the columns.
    """

    path: Path
    codec: str
    delimiter: str
    has_header: bool

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of its last line, fields) of each row, a header first.

        Raises:
            DataError: the file cannot be read, or a row has more or fewer fields than the first.
        """
        with (
            _decoding(str(self.path), self.codec),
            _long_fields(),
            self.path.open(encoding=self.codec, newline="") as file,
        ):
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            n_fields = None
            for fields in reader:
                n_fields = n_fields or len(fields)
                if fields and len(fields) != n_fields:
                    raise DataError(
                        f"line {reader.line_num} has {len(fields)} fields, and the first row "
                        f"{n_fields}; quote texts that hold the delimiter {self.delimiter!r}"
                    )
                if fields:
                    yield reader.line_num, fields

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        rows = self.rows()
        _, names = next(rows, (0, []))
        return names if self.has_header else [f"column_{i}" for i in range(1, len(names) + 1)]

    def body(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of documents."""
        rows = self.rows()
        if self.has_header:
            next(rows, None)
        yield from rows


@dataclass(frozen=True, slots=True)
class _Column:
    """The fields of a column.

    place: its index.
    """

    table: _Table
    place: int

    def __iter__(self) -> Iterator[str]:
        return (fields[self.place] for _, fields in self.table.body())


def _columns_or_none(table: _Table) -> list[str]:
    """Return the names of the columns; none if the delimiter does not fit."""
    try:
        return table.columns()
    except DataError:
        return []


def _lines_and_values(
    table: _Table, places: Mapping[str, int]
) -> tuple[Sequence[int], Mapping[str, Sequence[str]]]:
    """Return the number of the last line of each row, and the values of some columns.

    Args:
        table: the CSV file.
        places: key of the method file -> index of a column.

    Raises:
        DataError: the file cannot be read, or has no rows.
        OptionError: a value is empty.
    """
    lines, values = [], {key: list[str]() for key in places}
    for line, fields in table.body():
        lines.append(line)
        for key, place in places.items():
            if not (value := fields[place].strip()):
                raise OptionError(key, f"{table.path}, line {line}: the field is empty")
            values[key].append(value)
    if not lines:
        raise DataError("it has no rows below the names of the columns")
    return lines, values


def _place(columns: Sequence[str], key: str, name: str) -> int:
    """Return the index of the column with a name.

    Raises:
        OptionError: no column or several columns have the name.
    """
    count = columns.count(name)
    if count != 1:
        fault = f"{count} columns {name}" if count else f"no column {name}"
        raise OptionError(key, f"{fault}; the file has: {_listed(columns)}", name, columns)
    return columns.index(name)


def _listed(columns: Sequence[str]) -> str:
    return escaped(", ".join(columns))


@contextmanager
def _decoding(path: str, codec: str) -> Iterator[None]:
    """Raise errors of reading a text file as a DataError.

    Raises:
        DataError: the file is unreadable or has another encoding.
    """
    try:
        yield
    except UnicodeError as error:
        raise OptionError(
            "encoding",
            f"{path} is not encoded as {codec.removesuffix('-sig')} ({error})",
            remedies=(Remedy("encoding", "latin-1", "reads all bytes"),),
        ) from error
    except (OSError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error})") from error


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let a field of a CSV file have `DOCUMENT_CHARACTERS`."""
    before = csv.field_size_limit(DOCUMENT_CHARACTERS)
    try:
        yield
    finally:
        csv.field_size_limit(before)
