from pathlib import Path

import numpy as np
import pytest
import torch

from dcrf.data.sources import SOURCES, open_data
from dcrf.errors import DataError

COIL20 = Path(__file__).parents[3] / "datasets" / "coil20" / "coil20.npz"


def saved(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return {"path": str(path)}


def test_the_sources_are_known_by_name_and_the_table_is_frozen():
    assert set(SOURCES) == {"npz", "sklearn", "torchvision"}
    with pytest.raises(TypeError):
        SOURCES["other"] = open_data


def test_digits_are_images_in_the_unit_interval():
    raw = open_data("sklearn", "load_digits", {})

    assert raw.samples.shape == (1797, 1, 8, 8)
    assert raw.samples.dtype == torch.float32
    assert (raw.samples.min(), raw.samples.max()) == (0, 1)
    assert raw.labels[:4].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "shape"),
    [("load_iris", (150, 4)), ("load_wine", (178, 13)), ("load_breast_cancer", (569, 30))],
)
def test_columns_of_tables_reach_from_0_to_1(name, shape):
    raw = open_data("sklearn", name, {})

    assert raw.samples.shape == shape
    assert raw.samples.dtype == torch.float32
    torch.testing.assert_close(raw.samples.amin(0), torch.zeros(shape[1]))
    torch.testing.assert_close(raw.samples.amax(0), torch.ones(shape[1]))
    assert len(raw.labels) == shape[0]


def test_an_unknown_sklearn_set_is_an_error_that_lists_the_known_ones():
    with pytest.raises(DataError, match="load_digits, load_breast_cancer, load_iris, load_wine"):
        open_data("sklearn", "load_diabetes", {})


@pytest.mark.parametrize(
    ("shape", "channels"), [((5, 4, 3), 1), ((5, 4, 3, 1), 1), ((5, 4, 3, 3), 3), ((5, 4, 3, 4), 4)]
)
def test_uint8_arrays_are_images_with_channels_first(tmp_path, shape, channels):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    raw = open_data("npz", "mine", saved(tmp_path, samples=array, labels=np.arange(5)))

    assert raw.samples.shape == (5, channels, 4, 3)
    assert raw.samples.dtype == torch.uint8
    assert np.array_equal(raw.samples[2, 0].numpy(), array.reshape(5, 4, 3, -1)[2, :, :, 0])
    assert raw.labels.tolist() == [0, 1, 2, 3, 4]
    assert raw.labels.dtype == np.int64


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.bool_])
def test_other_arrays_become_float32_as_they_are(tmp_path, dtype):
    array = np.array([[0, 1], [1, 0], [1, 1]], dtype=dtype)
    raw = open_data("npz", "mine", saved(tmp_path, samples=array))

    assert raw.samples.dtype == torch.float32
    assert raw.samples.tolist() == [[0, 1], [1, 0], [1, 1]]


def test_an_array_of_labels_may_be_absent(tmp_path):
    assert open_data("npz", "mine", saved(tmp_path, samples=np.ones((3, 2)))).labels is None


def test_arrays_may_have_other_names(tmp_path):
    options = saved(tmp_path, x=np.ones((3, 2)), y=np.array([4, 4, 9]))
    raw = open_data("npz", "mine", {**options, "samples_key": "x", "labels_key": "y"})

    assert raw.labels.tolist() == [4, 4, 9]


@pytest.mark.parametrize(
    ("keys", "absent"),
    [
        ({"samples_key": "x"}, "x"),
        ({"labels_key": "y"}, "y"),
        ({"samples_key": "labels"}, "labels"),
    ],
)
def test_a_named_array_that_is_missing_is_an_error_that_lists_the_arrays(tmp_path, keys, absent):
    options = saved(tmp_path, samples=np.ones((3, 2)), others=np.ones(3))

    with pytest.raises(DataError, match=f"no array {absent}.*the file has: samples, others"):
        open_data("npz", "mine", {**options, **keys})


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"samples": np.array([[{}]])}, "cannot be read as plain arrays"),
        ({"samples": np.ones(3)}, r"shape \(3,\)"),
        ({"samples": np.ones((0, 3))}, r"shape \(0, 3\)"),
        ({"samples": np.ones((2, 4, 4, 2), np.uint8)}, "1, 3 or 4 channels"),
        ({"samples": np.array([["a"]])}, "numbers are needed"),
        ({"samples": np.array([[1.0], [np.nan], [1.0]])}, "sample 1 has a value"),
        ({"samples": np.array([[1e300], [1.0]])}, "sample 0 has a value"),
        ({"samples": np.ones((3, 2)), "labels": np.arange(4)}, r"shape \(4,\); one for each of 3"),
        ({"samples": np.ones((3, 2)), "labels": np.ones(3)}, "integers are needed"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_arrays_that_are_not_data_are_errors(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        open_data("npz", "mine", saved(tmp_path, **arrays))


def test_a_missing_file_is_an_error_with_its_path(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.npz: there is no such file"):
        open_data("npz", "mine", {"path": str(tmp_path / "nowhere.npz")})


def test_a_file_that_is_no_archive_is_an_error(tmp_path):
    np.save(tmp_path / "single.npy", np.ones((3, 2)))
    (tmp_path / "text.npz").write_text("no arrays here")
    np.savez(tmp_path / "whole.npz", samples=np.ones((30, 20)))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])

    for name in ("single.npy", "text.npz", "half.npz"):
        with pytest.raises(DataError, match=name):
            open_data("npz", "mine", {"path": str(tmp_path / name)})


def test_parts_change_options_and_the_range_counts_over_all_parts(tmp_path):
    options = saved(tmp_path, a=np.array([[0.0], [1.0]]), b=np.array([[2.0], [3.0]]))
    parts = [{"samples_key": "a"}, {"samples_key": "b"}]
    raw = open_data("npz", "mine", options, parts=parts, first=1, last=2)

    assert raw.samples.flatten().tolist() == [1, 2]


def test_a_range_error_names_the_data_set(tmp_path):
    with pytest.raises(DataError, match=r"data set mine: .*there are 3 samples"):
        open_data("npz", "mine", saved(tmp_path, samples=np.ones((3, 2))), last=3)


@pytest.mark.real_data
@pytest.mark.skipif(not COIL20.exists(), reason="datasets/coil20/coil20.npz is missing")
def test_coil20_opens_as_images():
    raw = open_data("npz", "COIL-20", {"path": str(COIL20), "samples_key": "images"})

    assert raw.samples.shape == (1440, 1, 32, 32)
    assert raw.samples.dtype == torch.uint8
    assert np.bincount(raw.labels).tolist() == [72] * 20
