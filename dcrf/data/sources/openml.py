"""The source `openml`: tables of openml.org, in the cache of scikit-learn."""

import csv
import gzip
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from sklearn.datasets import fetch_openml

from dcrf.data.sources.arrays import naming, naming_option
from dcrf.data.sources.outline import UNKNOWN, Outline, examples_of
from dcrf.data.sources.raw_data import Encoding, RawData
from dcrf.data.sources.table_encoding import TableEncoding, table_encoding
from dcrf.data.sources.tables import (
    MISSING_REMEDIES,
    ChosenColumns,
    TableRows,
    chosen_columns,
    columns_like,
)
from dcrf.errors import DataError, OptionError, Remedy
from dcrf.safety.limits import GZIP_JSON_BYTES
from dcrf.safety.reading_errors import READING_ERRORS
from dcrf.safety.terminal_text import escaped
from dcrf.safety.text_files import text_lines
from dcrf.storage.atomic_files import waiting_lock

_API = "api/v1/json/data"
_NUMERIC = "numeric"
_ROWS_AT_A_TIME = 4096
_LISTED = 10  # columns in a message
_MISSING = "?"
_QUOTES = "\"'"
_NUMBER = re.compile("[0-9]+")
_NAME = re.compile(r"[\w()][\w().,+ -]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Openml:
    """A table of openml.org, as float32 (N, d), from the cache of scikit-learn.

    Columns that OpenML marks to be ignored are left out. Its row identifiers are the ids.

    dataset: the name, or the number of the data set.
    root: the folder of the cache, `data_home` in scikit-learn.
    dataset_version: of a data set with a name; None is version 1. A number has one version only.
    download: whether to download the data set if the cache lacks it.
    columns: of the samples; None for all but labels and ids.
    label_column: the classes; None for the column that OpenML calls the target, if any.
    categorical_columns: of the samples, whose values are categories; the others hold numbers. Each
        category becomes a column of 0 and 1.
    missing_values: `refuse`, `mean`, `median` or `drop_rows`.
    """

    dataset: str
    _: KW_ONLY
    root: str
    dataset_version: int | None = None
    download: bool = False
    columns: Sequence[str] | None = None
    label_column: str | None = None
    categorical_columns: Sequence[str] = ()
    missing_values: str = "refuse"

    def open(self) -> RawData:
        """Read the table, which is downloaded if it is missing and `download` is true.

        Raises:
            DataError: the cache is missing or damaged, the download fails, or the table cannot be
                samples.
        """
        with naming(f"data set {self.dataset} of OpenML"):
            return self._rows_of()

    def open_like(self, encoding: Encoding) -> RawData:
        """Read another table, encoded as the training data.

        Raises:
            DataError: as for `open`, or a column of the training data is missing.
        """
        with naming(f"data set {self.dataset} of OpenML"):
            return self._rows_of(table_encoding(encoding))

    def _rows_of(self, encoding: TableEncoding | None = None) -> RawData:
        if self.download and not self._is_cached():
            self._fetch()
        table = self._table()
        columns = self._chosen(table, encoding)
        rows = TableRows(columns, self.missing_values, encoding)
        for part in table.parts():
            numbers = _numbers(part, columns)
            for number in columns.categorical:
                place = columns.samples[number]
                numbers[:, number] = rows.codes(number, [row[place] for row in part])
            labels = [] if columns.label is None else [row[columns.label] for row in part]
            ids = [] if columns.id is None else [row[columns.id] for row in part]
            rows.add(numbers, labels, ids)
        raw = rows.raw_data()
        return replace(raw, notes=(*table.notes, *raw.notes))

    def outline(self) -> Outline:
        """Return the outline that the descriptions in the cache give.

        Raises:
            OptionError: the cache is missing or damaged, or an option does not fit the table.
        """
        if self.download and not self._is_cached():
            return UNKNOWN
        with naming_option("root", self.root):
            table = self._table()
            columns = self._chosen(table)
            examples = examples_of((len(columns.samples),), torch.float32)
            if columns.categorical and table.path.is_file():
                examples = self._counted(table, columns).examples
            elif columns.categorical:
                examples = ()
        n_samples = table.n_samples
        if missing := table.missing_values(columns):
            if self.missing_values == "refuse":
                raise OptionError(
                    "missing_values", f"missing values: {missing}", remedies=MISSING_REMEDIES
                )
            n_samples = n_samples if self.missing_values != "drop_rows" else None
        return Outline(n_samples, examples, columns.label is not None, table.notes)

    def _counted(self, table: "_Table", columns: ChosenColumns) -> Outline:
        """Return the outline after counting the categories."""
        rows, n_rows = TableRows(columns, self.missing_values), 0
        for part in table.parts():
            n_rows += len(part)
            for number in columns.categorical:
                rows.codes(number, [row[columns.samples[number]] for row in part])
        return rows.outline(n_rows)

    @property
    def _cache(self) -> Path:
        return Path(self.root) / "openml" / "openml.org"

    def _is_cached(self) -> bool:
        try:
            return self._table().path.is_file()
        except DataError:
            return False

    def _fetch(self) -> None:
        """Let scikit-learn download the data set to its cache.

        Raises:
            DataError: the download fails.
        """
        which: dict[str, Any] = {"name": self.dataset, "version": self._version()}
        if _NUMBER.fullmatch(self.dataset):
            which = {"data_id": int(self.dataset)}
        try:
            with waiting_lock(Path(self.root)), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # notes tell of inactive versions
                fetch_openml(
                    **which, data_home=self.root, as_frame=False, parser="liac-arff", n_retries=1
                )
        except READING_ERRORS as error:
            raise DataError(f"the download to {self.root} failed ({error})") from error

    def _version(self) -> int:
        if self.dataset_version is not None and _NUMBER.fullmatch(self.dataset):
            raise OptionError(
                "dataset_version", f"{self.dataset} is a number, which has one version only"
            )
        return self.dataset_version or 1

    def _table(self) -> "_Table":
        """Return the table as the files in the cache describe it.

        Raises:
            OptionError: a file is missing or damaged.
        """
        version, number = self._version(), self.dataset
        if not _NUMBER.fullmatch(number):
            name = self.dataset.lower()
            if not _NAME.fullmatch(name):
                raise DataError(f"{name!r} is not a name of a data set")
            search = f"{_API}/list/data_name/{name}/limit/2/data_version/{version}"
            number = str(self._read(search, "data", "dataset", 0, "did"))
            if not _NUMBER.fullmatch(number):
                raise OptionError("root", f"the number of {name} in {self._cache} is damaged")
        description = self._read(f"{_API}/{number}", "data_set_description")
        features = self._read(f"{_API}/features/{number}", "data_features", "feature")
        qualities = self._read(f"{_API}/qualities/{number}", "data_qualities", "quality")
        try:
            return _table_of(self._cache, description, features, qualities)
        except READING_ERRORS as error:
            raise OptionError(
                "root", f"the description of {self.dataset} in {self._cache} is damaged ({error})"
            ) from error

    def _read(self, place: str, *keys: str | int) -> Any:
        """Return a value in a packed JSON file of the cache."""
        file = self._cache / f"{place}.gz"
        if not file.is_file():
            raise OptionError("root", f'{file} does not exist; "download": true fetches it')
        try:
            with gzip.open(file) as stream:
                value = json.loads(stream.read(GZIP_JSON_BYTES))
            for key in keys:
                value = value[key]
        except READING_ERRORS as error:
            raise OptionError("root", f"{file} is damaged ({error})") from error
        return value

    def _chosen(self, table: "_Table", encoding: TableEncoding | None = None) -> ChosenColumns:
        """Return the columns to read.

        Raises:
            OptionError: a column is unknown or does not hold numbers, or the labels are not clear.
        """
        label = self.label_column
        if label is None and len(table.targets) > 1:
            raise OptionError("label_column", f"name one of the targets: {_listed(table.targets)}")
        if label is None and table.targets:
            (label,) = table.targets
        columns = self.columns
        if columns is None:
            columns = [name for name in table.usual if name != label]
        if encoding is not None:
            return columns_like(encoding, list(table.types), label, table.id)
        chosen = chosen_columns(
            list(table.types), columns, label, table.id, self.categorical_columns
        )
        others = [
            name
            for number, name in enumerate(chosen.names)
            if number not in chosen.categorical and table.types[name] != _NUMERIC
        ]
        if others:
            numeric = [name for name in chosen.names if name not in others]
            typed = [f"{name} ({table.types[name]})" for name in others]
            raise OptionError(
                "columns",
                f"columns that hold no numbers: {_listed(typed)}; list the others in "
                f'"columns": {_listed(numeric)}',
                remedies=(Remedy("categorical_columns", others, "reads categories"),),
            )
        return chosen


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as its description tells.

    path: the packed file of its rows.
    types: name of a column -> its type in OpenML, in the order of the columns.
    missing: name of a column -> number of its missing values.
    targets: the columns of labels.
    usual: columns that are neither targets nor marked to be ignored.
    id: the column that identifies rows; None without one.
    n_samples: None if unknown.
    notes: sentences for the user.
    """

    path: Path
    types: Mapping[str, str]
    missing: Mapping[str, int]
    targets: Sequence[str]
    usual: Sequence[str]
    id: str | None
    n_samples: int | None
    notes: tuple[str, ...]

    def missing_values(self, columns: ChosenColumns) -> str:
        """Return the numbers of missing values in chosen columns as text; empty if none are."""
        names = (*columns.names, *([columns.label_name] if columns.label_name else []))
        counts = {name: self.missing.get(name, 0) for name in names}
        return _listed([f"{n} in column {name!r}" for name, n in counts.items() if n])

    def parts(self) -> Iterator[list[list[str]]]:
        """Yield the fields of all rows, some rows at a time.

        Raises:
            DataError: the file is missing, damaged, or not a table in the format ARFF.
        """
        if not self.path.is_file():
            raise DataError(f'{self.path} does not exist; "download": true fetches it')
        with naming(str(self.path)), text_lines(self.path) as lines:
            for line in lines:
                if line.strip().lower() == "@data":
                    break
            else:
                raise DataError("it has no line @data")
            rows = self._rows(lines)
            while part := list(islice(rows, _ROWS_AT_A_TIME)):
                yield part

    def _rows(self, lines: Iterator[str]) -> Iterator[list[str]]:
        rows = (line.strip() for line in lines if line.strip() and not line.startswith("%"))
        for number, row in enumerate(rows, 1):
            fields = _fields(row)
            if len(fields) != len(self.types):
                raise DataError(
                    f"row {number} has {len(fields)} fields, and the table {len(self.types)} "
                    "columns"
                )
            yield ["" if field == _MISSING else field for field in map(str.strip, fields)]


def _table_of(
    cache: Path,
    description: Mapping[str, Any],
    features: Sequence[Mapping[str, Any]],
    qualities: Sequence[Mapping[str, Any]],
) -> _Table:
    """Return the table that descriptions of OpenML tell of.

    Raises:
        OptionError: the table is sparse.
        LookupError, ValueError, TypeError, AttributeError: a description is damaged.
    """
    if description["format"].lower() != "arff":
        raise OptionError("dataset", f"its format is {description['format']}; expected ARFF")
    address = urlparse(description["url"]).path.lstrip("/")
    if ".." in Path(address).parts:
        raise ValueError(f"the address {address}")
    columns = sorted(features, key=lambda column: int(column["index"]))
    is_marked = {
        mark: [column["name"] for column in columns if column[mark] == "true"]
        for mark in ("is_target", "is_ignore", "is_row_identifier")
    }
    targets, ids = is_marked["is_target"], is_marked["is_row_identifier"]
    left_out = {*targets, *ids, *is_marked["is_ignore"]}
    counts = {quality["name"]: quality["value"] for quality in qualities}
    n_samples = counts.get("NumberOfInstances")
    notes: tuple[str, ...] = ()
    if description["status"] != "active":
        notes = (f"OpenML has marked this version as {escaped(description['status'])}",)
    return _Table(
        path=cache / f"{address}.gz",
        types={column["name"]: column["data_type"] for column in columns},
        missing={c["name"]: int(c["number_of_missing_values"] or 0) for c in columns},
        targets=targets,
        usual=[column["name"] for column in columns if column["name"] not in left_out],
        id=ids[0] if len(ids) == 1 else None,
        n_samples=None if n_samples is None else int(float(n_samples)),
        notes=notes,
    )


def _fields(row: str) -> list[str]:
    """Return the fields of a row, which either kind of quotation mark may enclose."""
    marks = [mark for mark in _QUOTES if mark in row]
    if not marks:
        return row.split(",")
    mark = min(marks, key=row.index)
    reader = csv.reader([row], quotechar=mark, escapechar="\\", skipinitialspace=True)
    try:
        return next(reader)
    except csv.Error as error:
        raise DataError(f"it is damaged ({error})") from error


def _numbers(rows: Sequence[Sequence[str]], columns: ChosenColumns) -> np.ndarray:
    """Return the numbers (n, d) of rows, NaN for missing ones and for categories."""
    numeric = [n for n in range(len(columns.samples)) if n not in columns.categorical]
    places = [columns.samples[number] for number in numeric]
    table = np.full((len(rows), len(columns.samples)), np.nan)
    fields = (row[place] or "nan" for row in rows for place in places)
    try:
        numbers = np.fromiter(map(float, fields), np.float64, len(rows) * len(places))
    except ValueError as error:
        raise DataError(f"a column of numbers holds text ({error})") from error
    table[:, numeric] = numbers.reshape(len(rows), len(places))
    return table


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return escaped(", ".join(names[:_LISTED])) + more
