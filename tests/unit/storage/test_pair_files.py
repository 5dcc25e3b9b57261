import numpy as np
import pytest

from dcrf.errors import DataError
from dcrf.storage.pair_files import read_pairs


def table(folder, *rows, header="first,second,sign"):
    file = folder / "pairs.csv"
    file.write_text("\n".join([header, *rows, ""]))
    return str(file)


def archive(folder, **arrays):
    np.savez(folder / "pairs.npz", **arrays)
    return str(folder / "pairs.npz")


def test_pairs_are_sorted_by_kind_and_kept_once(tmp_path):
    rows = [(7, 2, 1), (2, 7, 1), (0, 4, -1), (5, 1, -1)]
    texts = [f"{a},{b},{s:+d}" for a, b, s in rows]
    signed = {"pairs": np.array(rows)[:, :2], "signs": np.array(rows, np.int8)[:, 2]}

    for file in (table(tmp_path, *texts), archive(tmp_path, **signed)):
        must, cannot = read_pairs(file)

        assert must.tolist() == [[2, 7]]
        assert cannot.tolist() == [[0, 4], [1, 5]]


def test_columns_have_any_order_and_others_are_ignored(tmp_path):
    pairs = read_pairs(table(tmp_path, "1,anna,3,0", header="sign,who,first,second"))

    assert (pairs.must_link.tolist(), pairs.cannot_link.tolist()) == ([[0, 3]], [])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["0,3,1", "3,0,-1"], "samples 0 and 3 have both signs"),
        (["0,3,1", "4,4,-1"], r"pair 2 \(4, 4, -1\) is a sample with itself"),
        (["0,3,2"], "line 2: expected two indices and a sign of 1 or -1, got '0', '3', '2'"),
        (["0,3,1", "0,-3,1"], "line 3: .* got '0', '-3', '1'"),
        (["0,3"], "line 2: .* got '0', '3', ''"),
        ([], "it has no pair"),
    ],
)
def test_invalid_rows_are_named(tmp_path, rows, words):
    with pytest.raises(DataError, match=f"pairs.csv: {words}"):
        read_pairs(table(tmp_path, *rows))


@pytest.mark.parametrize(
    ("pairs", "signs", "words"),
    [
        ([[0, 1], [2, -3]], [1, 1], r"pair 2 \(2, -3, 1\) has a negative index"),
        ([[0, 1]], [0], "pair 1 .* has a sign that is not 1 or -1"),
        ([[0, 1]], [1, 1], r"shape \(1, 2\) and signs \(2,\)"),
        ([0, 1], [1, 1], r"shape \(2,\)"),
        ([[0.0, 1.0]], [1], "pairs are of type float64"),
    ],
)
def test_invalid_arrays_are_named(tmp_path, pairs, signs, words):
    with pytest.raises(DataError, match=words):
        read_pairs(archive(tmp_path, pairs=np.array(pairs), signs=np.array(signs)))


def test_files_that_are_something_else(tmp_path):
    with pytest.raises(DataError, match="no column 'second'"):
        read_pairs(table(tmp_path, header="first,other,sign"))
    with pytest.raises(DataError, match="no array signs"):
        read_pairs(archive(tmp_path, pairs=np.zeros((1, 2), int)))
    with pytest.raises(DataError, match="does not exist"):
        read_pairs(str(tmp_path / "no.csv"))
