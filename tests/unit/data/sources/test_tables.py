import numpy as np
import pytest

from dcrf.data.sources import tables
from dcrf.data.sources.tables import TableRows, chosen_columns, classes_of
from dcrf.errors import DataError, OptionError

NAN = np.nan
NUMBERS = chosen_columns(["a", "b"], None, None, None)


def collected(parts, policy="refuse", columns=NUMBERS):
    table = TableRows(columns, policy)
    for part in parts:
        table.add(np.array(part))
    return table.raw_data()


def test_samples_are_all_columns_but_those_of_labels_and_ids():
    chosen = chosen_columns(["a", "y", "b", "i"], None, "y", "i")

    assert (chosen.samples, chosen.names, chosen.label, chosen.id) == ((0, 2), ("a", "b"), 1, 3)
    assert chosen_columns(["a", "y", "b"], ["b"], "y", None).samples == (2,)


def test_rows_in_parts_are_one_table():
    assert collected([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]).samples.tolist() == [
        [1, 2], [3, 4], [5, 6],
    ]  # fmt: skip


def test_rows_of_missing_values_are_numbered_over_all_parts():
    with pytest.raises(OptionError, match="2 in column 'b'; the first one is in row 3") as raised:
        collected([[[1.0, 2.0]], [[3.0, 4.0], [5.0, NAN], [5.0, NAN]]])
    assert raised.value.key == "missing_values"
    with pytest.raises(DataError, match="row 2, column 'a': inf is not finite"):
        collected([[[1.0, 2.0]], [[np.inf, 4.0]]])


def test_means_are_those_of_all_parts():
    raw = collected([[[1.0, NAN]], [[NAN, 4.0], [5.0, 6.0]]], "mean")

    assert raw.samples.tolist() == [[1, 5], [3, 4], [5, 6]]


def test_a_table_larger_than_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(tables, "_BYTES_PER_CHECK", 0)
    monkeypatch.setattr(tables, "free_memory", lambda: 30)

    collected([[[1.0, 2.0]]] * 3)
    with pytest.raises(DataError, match="GiB of memory"):
        collected([[[1.0, 2.0]]] * 4)


def test_too_many_columns_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "TABLE_COLUMNS", 2)
    with pytest.raises(DataError, match="3 columns, which is more than 2"):
        chosen_columns(["a", "b", "c"], None, None, None)


def test_long_lists_of_columns_are_cut():
    with pytest.raises(OptionError, match="'c9' and 90 more"):
        chosen_columns([f"c{i}" for i in range(100)], ["x"], None, None)


def test_classes_of_text_are_those_of_numpy():
    labels = ["b", "a", "10", "9", "b"]

    assert classes_of(labels).tolist() == np.unique(labels, return_inverse=True)[1].tolist()
    assert classes_of(["10", "9"]).tolist() == [10, 9]
