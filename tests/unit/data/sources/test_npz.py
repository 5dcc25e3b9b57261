"""The source `npz`: arrays become samples and labels, or errors that name the remedy."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch

from dcrf.data.sources.load import open_data, outline_data
from dcrf.errors import DataError

COIL20 = Path(__file__).parents[4] / "datasets" / "coil20" / "coil20.npz"


def saved(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return {"path": str(path)}


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
        ({"samples": np.array([[{}]])}, "an array of Python objects"),
        ({"samples": np.ones(3)}, r"shape \(3,\)"),
        ({"samples": np.ones((0, 3))}, r"shape \(0, 3\)"),
        ({"samples": np.ones((2, 4, 4, 2), np.uint8)}, "1, 3 or 4 channels"),
        ({"samples": np.array([["a"]])}, "expected numbers"),
        ({"samples": np.array([[1.0], [np.nan], [1.0]])}, "sample 1 has a value"),
        ({"samples": np.array([[1e300], [1.0]])}, r"sample 0 has the value 1e\+300, too large"),
        (
            {"samples": np.zeros(3, dtype=[("x", "f4"), ("y", "f4")])[:, None]},
            "records with the fields x, y.*structured_to_unstructured",
        ),
        (
            {"samples": np.ones((3, 2)), "labels": np.array([{}] * 3)},
            "an array of Python objects.*convert it to numbers",
        ),
        ({"samples": np.ones((3, 2)), "labels": np.arange(4)}, r"shape \(4,\); expected \(3,\)"),
        ({"samples": np.ones((3, 2)), "labels": np.ones(3)}, "expected integers"),
    ],
)
def test_arrays_that_are_not_data_are_errors(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        open_data("npz", "mine", saved(tmp_path, **arrays))


def test_a_missing_file_is_an_error_with_its_path(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.npz: the file does not exist"):
        open_data("npz", "mine", {"path": str(tmp_path / "nowhere.npz")})


def test_a_file_that_is_no_archive_is_an_error(tmp_path):
    np.save(tmp_path / "single.npy", np.ones((3, 2)))
    (tmp_path / "text.npz").write_text("no arrays here")
    np.savez(tmp_path / "whole.npz", samples=np.ones((30, 20)))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])

    for name in ("single.npy", "text.npz", "half.npz"):
        with pytest.raises(DataError, match=f'{name}: not an archive of arrays; "source": "npy"'):
            open_data("npz", "mine", {"path": str(tmp_path / name)})


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_a_sparse_matrix_is_named_with_the_remedy(tmp_path, kind):
    path = str(tmp_path / "sparse.npz")
    scipy.sparse.save_npz(path, scipy.sparse.eye(4, format=kind))

    for read in (open_data, outline_data):
        with pytest.raises(DataError, match=r"sparse matrix of scipy; .*load_npz\(path\)\.toarray"):
            read("npz", "mine", {"path": path})


def test_arrays_of_a_file_are_listed_once(tmp_path):
    options = saved(tmp_path, x=np.ones((3, 2)), y=np.arange(3))

    with pytest.raises(DataError, match=r"the file has: x, y$"):
        outline_data("npz", "mine", options)


def test_labels_under_another_key_are_suggested(tmp_path):
    others = {"y": np.arange(3), "weights": np.ones(3), "names": np.array(["a", "b", "c"])}
    options = saved(tmp_path, samples=np.ones((3, 2)), **others)

    for read in (open_data, outline_data):
        (note,) = read("npz", "mine", options).notes
        assert 'no array "labels", so the data set has no labels' in note
        assert note.endswith('write "labels_key": "y", for dcrf run --labels y')


def test_a_file_without_anything_like_labels_has_no_note(tmp_path):
    options = saved(tmp_path, samples=np.ones((3, 2)), weights=np.ones(3), steps=np.arange(4))

    assert open_data("npz", "mine", options).notes == ()


@pytest.mark.parametrize(
    ("shape", "has_note"),
    [
        ((5, 8, 9, 3), True),
        ((5, 8, 8, 4), True),
        ((5, 3, 8, 3), False),
        ((5, 8, 8, 1), False),
        ((5, 8, 8), False),
        ((5, 8, 3, 3), False),
    ],
)
def test_float_images_with_channels_last_have_a_note_that_names_the_axes(tmp_path, shape, has_note):
    options = saved(tmp_path, samples=np.zeros(shape, np.float32))

    for read in (open_data, outline_data):
        notes = read("npz", "mine", options).notes
        assert len(notes) == has_note
        expected = f"axis 1 of length {shape[1]} is the channels and axis 3 of length {shape[-1]}"
        assert all(expected in note for note in notes)


@pytest.mark.real_data
@pytest.mark.skipif(not COIL20.exists(), reason="datasets/coil20/coil20.npz is missing")
def test_coil20_opens_as_images():
    raw = open_data("npz", "COIL-20", {"path": str(COIL20), "samples_key": "images"})

    assert raw.samples.shape == (1440, 1, 32, 32)
    assert raw.samples.dtype == torch.uint8
    assert np.bincount(raw.labels).tolist() == [72] * 20
