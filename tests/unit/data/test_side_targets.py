import numpy as np
import pytest
import torch

from dcrf.batch import SideTargets
from dcrf.data.side_targets import read_side_targets, rows_in_use, targets_of
from dcrf.errors import DataError, OptionError

TABLE = "id,age,color\na,30,red\nb,,blue\nc,41.5,?\nd,7,blue\n"


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(TABLE)
    return str(file)


def test_classes_of_an_array_are_negative_if_missing(tmp_path):
    np.save(tmp_path / "classes.npy", np.array([2, -7, 0], np.int16))

    targets = read_side_targets(str(tmp_path / "classes.npy"), "classes", None)

    assert targets.values.tolist() == [2, -1, 0]
    assert (targets.values.dtype, targets.n_classes) == (torch.int64, 3)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2)])
def test_numbers_of_an_archive_are_rows_of_float32(tmp_path, shape):
    numbers = np.arange(float(np.prod(shape))).reshape(shape)
    numbers[1] = np.nan
    np.savez(tmp_path / "numbers.npz", other=0, heights=numbers)

    targets = read_side_targets(str(tmp_path / "numbers.npz"), "numbers", "heights")

    assert targets.n_classes is None
    torch.testing.assert_close(
        targets.values, torch.from_numpy(numbers).float().reshape(3, -1), equal_nan=True
    )


def test_columns_of_a_table_may_have_empty_fields(table):
    ages = read_side_targets(table, "numbers", "age")
    colors = read_side_targets(table, "classes", "color")

    np.testing.assert_array_equal(ages.values.numpy(), [[30], [np.nan], [41.5], [7]])
    assert (colors.values.tolist(), colors.n_classes) == ([1, 0, -1, 0], 2)


@pytest.mark.parametrize(
    ("kind", "key", "place", "words"),
    [
        ("numbers", None, "key", "the name of the column"),
        ("numbers", "agee", "key", "no column 'agee'"),
        ("numbers", "color", "path", "row 1: 'red' is not a number"),
    ],
)
def test_a_table_that_does_not_fit(table, kind, key, place, words):
    with pytest.raises(OptionError, match=words) as caught:
        read_side_targets(table, kind, key)

    assert caught.value.key == place


def test_files_that_cannot_be_read(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    np.savez(tmp_path / "a.npz", b=np.arange(3))
    for name, key, place, words in [
        ("a.npy", "b", "key", "remove key"),
        ("a.npz", None, "key", "the name of the array"),
        ("a.npz", "c", "key", "no array c; the file has: b"),
        ("no.npy", None, "path", "does not exist"),
        ("no.csv", "b", "path", "does not exist"),
    ]:
        with pytest.raises(OptionError, match=words) as caught:
            read_side_targets(str(tmp_path / name), "classes", key)

        assert caught.value.key == place


@pytest.mark.parametrize(
    ("array", "kind", "words"),
    [
        (np.zeros(3), "classes", "float64; expected integers"),
        (np.zeros((3, 1), int), "classes", r"shape \(3, 1\); expected \(N,\)"),
        (np.array([-1, -2]), "classes", "no sample has a class"),
        (np.zeros((3, 1, 1)), "numbers", r"expected \(N,\) or \(N, d\)"),
        (np.array(["a"]), "numbers", "expected numbers"),
        (np.array([0, np.inf]), "numbers", "row 1 has a value that is not finite"),
        (np.array([[np.nan, 1]]), "numbers", "no sample has targets"),
    ],
)
def test_arrays_that_are_no_targets(array, kind, words):
    with pytest.raises(DataError, match=words):
        targets_of(array, kind)


@pytest.mark.parametrize(
    ("first", "last", "rows"), [(None, None, range(6)), (2, None, range(2, 6)), (1, 3, range(1, 4))]
)
def test_targets_are_those_of_the_samples_in_use(first, last, rows):
    targets = SideTargets(torch.arange(6), 6)

    assert rows_in_use(targets, first, last, len(rows)).values.tolist() == list(rows)


@pytest.mark.parametrize(("first", "last", "n"), [(None, None, 5), (2, None, 6), (4, 7, 4)])
def test_another_number_of_targets_than_samples_is_refused(first, last, n):
    with pytest.raises(DataError, match="6 targets; expected one for each sample"):
        rows_in_use(SideTargets(torch.arange(6), 6), first, last, n)
