import random
import sys
from contextlib import suppress

import numpy as np
import pytest

from dcrf.data.sources import tables
from dcrf.data.sources.load import open_data, outline_data
from dcrf.data.sources.parquet import Parquet
from dcrf.errors import DataError, OptionError

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "table.parquet"


def read(file, table, **options):
    parquet.write_table(pyarrow.table(table), file, row_group_size=3)
    return open_data("parquet", "table", {"path": str(file), **options})


def refusal(file, table=None, **options):
    if table is not None:
        parquet.write_table(pyarrow.table(table), file)
    with pytest.raises(DataError) as raised:
        Parquet("table", path=str(file), **options).open()
    with pytest.raises(OptionError) as outlined:
        Parquet("table", path=str(file), **options).outline()
    assert str(outlined.value).removeprefix(f"{file}: ") in str(raised.value)
    return outlined.value.key, str(raised.value).removeprefix(f"data set table in {file}: ")


def test_numbers_of_all_types_are_read_in_order(file):
    columns = {"i": list(range(7)), "f": np.arange(7, dtype=np.float32) / 3,
               "b": [True, False] * 3 + [True], "u": np.arange(7, dtype=np.uint8)}  # fmt: skip
    raw = read(file, columns)

    expected = np.stack([np.array(values, np.float32) for values in columns.values()], axis=1)
    assert np.array_equal(raw.samples.numpy(), expected)
    assert read(file, columns, columns=["u", "i"]).samples[5].tolist() == [5, 5]


def test_labels_and_ids_are_texts_or_numbers(file):
    kinds = pyarrow.array(["v", "u", "v"]).dictionary_encode()
    columns = {"x": [1, 2, 3], "kind": kinds, "number": [7, 9, 7], "id": [10, 11, 12]}
    options = {"columns": ["x"], "id_column": "id"}

    raw = read(file, columns, label_column="kind", **options)
    assert (raw.labels.tolist(), raw.ids) == ([1, 0, 1], ["10", "11", "12"])
    assert read(file, columns, label_column="number", **options).labels.tolist() == [7, 9, 7]


def test_missing_values_are_counted_or_replaced(file):
    columns = {"a": [1.0, None, 5.0], "b": [1, 2, None]}

    key, message = refusal(file, columns)
    assert key == "missing_values"
    assert "1 in column 'a', 1 in column 'b'; the first one is in row 2" in message
    assert read(file, columns, missing_values="mean").samples.tolist() == [[1, 1], [3, 2], [5, 1.5]]
    assert read(file, columns, missing_values="drop_rows").samples.tolist() == [[1, 1]]


def test_columns_of_other_types_are_refused_by_name(file):
    for values, kind in ((["x", "y"], "string"), ([[1], [2, 3]], "list")):
        key, message = refusal(file, {"a": [1, 2], "t": values})
        assert key == "columns"
        assert message.startswith(f"column 't' is of type {kind}")


def test_columns_of_lists_are_refused_with_the_code_that_makes_them_an_array(file):
    rows = [[1.0, 2.0], [3.0, 4.0]]
    key, message = refusal(file, {"embedding": rows, "id": ["a", "b"]}, id_column="id")

    assert key == "columns"
    table = f"pyarrow.parquet.read_table('{file}')['embedding']"
    assert message.endswith(f"numpy.save('rows.npy', numpy.stack({table}.to_numpy()))")
    assert np.stack(parquet.read_table(file)["embedding"].to_numpy()).tolist() == rows
    assert Parquet("table", path=str(file), id_column="id").suggested() == {}


def test_an_unknown_column_is_told_with_the_right_one(file):
    key, message = refusal(file, {"width": [1, 2]}, label_column="widht")

    assert key == "label_column"
    assert "no column 'widht'; the table has: 'width'" in message


def test_of_large_files_only_the_header_is_read(file, monkeypatch):
    monkeypatch.setattr(tables, "TABLE_CHECKED_BYTES", 10)
    parquet.write_table(pyarrow.table({"a": [1.0, None, 2.0], "y": ["u", "v", "u"]}), file)
    options = {"path": str(file), "label_column": "y"}

    outline = outline_data("parquet", "table", options)

    assert (outline.n_samples, outline.has_labels) == (3, True)
    assert outline.examples[0].shape == (1,)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_other_files_are_refused(file, content):
    file.write_bytes(content)

    assert "cannot be read as a table of Parquet" in refusal(file)[1]


def test_damaged_files_are_read_or_refused(file):
    read(file, {"a": list(range(50)), "b": ["u", "v"] * 25}, label_column="b")
    content, draw, refused = file.read_bytes(), random.Random(0), 0
    for _ in range(200):
        damaged = bytearray(content)
        for _ in range(draw.choice([1, 2, 8])):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        file.write_bytes(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])])
        with suppress(DataError):
            Parquet("table", path=str(file), label_column="b").open()
            continue
        refused += 1

    assert refused > 50


def test_a_table_larger_than_the_memory_is_refused(file, monkeypatch):
    monkeypatch.setattr("dcrf.data.sources.parquet.free_memory", lambda: 10)

    assert "of memory" in refusal(file, {"a": [1, 2]})[1]


def test_without_pyarrow_the_command_is_told(file, monkeypatch):
    file.touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert "pip install 'dcrf[parquet]'" in refusal(file)[1]
