"""Headers of numpy's files are read without content, and compared with the size of their file."""

import numpy as np
import pytest

from dcrf.errors import DataError
from dcrf.safety import numpy_headers as module
from dcrf.safety.numpy_headers import npy_header, npz_arrays, npz_headers
from tests.security.files import array_bytes, zipped


def test_a_header_gives_shape_and_type_without_memory(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((4, 3), np.int16))

    header = npy_header(tmp_path / "a.npy")

    assert (header.shape, header.dtype) == ((4, 3), np.int16)
    assert header.strides == (0, 0)


def test_labels_are_read_if_the_file_has_them(tmp_path):
    np.savez(tmp_path / "a.npz", samples=np.ones((4, 3)), labels=np.arange(4), other=np.ones(2))
    np.savez(tmp_path / "b.npz", samples=np.ones((4, 3)))

    keys, labels = {"x": "samples", "y": "labels"}, ("y", "labels")
    assert npz_headers(tmp_path / "a.npz", keys, labels).keys() == {"samples", "labels"}
    assert npz_headers(tmp_path / "b.npz", keys, labels).keys() == {"samples"}


def test_members_that_are_not_arrays_are_omitted(tmp_path, monkeypatch):
    members = {
        "samples.npy": array_bytes(np.ones((4, 3))),
        "notes.txt": b"not an array",
        "objects.npy": array_bytes(np.array([{}])),
        "y.npy": array_bytes(np.arange(4)),
    }
    (tmp_path / "a.npz").write_bytes(zipped(members))

    assert npz_arrays(tmp_path / "a.npz").keys() == {"samples", "y"}
    monkeypatch.setattr(module, "NPZ_MEMBERS_LISTED", 2)
    assert npz_arrays(tmp_path / "a.npz").keys() == {"samples"}


def test_an_array_of_objects_is_named_and_not_measured(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1], [2, 3]], dtype=object))

    with pytest.raises(DataError, match="an array of Python objects"):
        npy_header(tmp_path / "a.npy")
