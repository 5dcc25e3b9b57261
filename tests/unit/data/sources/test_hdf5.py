import sys

import numpy as np
import pytest
import torch

from dcrf.data.sources import hdf5 as module
from dcrf.data.sources.hdf5 import Hdf5
from dcrf.errors import DataError, OptionError

h5py = pytest.importorskip("h5py")

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)
LABELS = np.array([3, 1, 3, 1])


@pytest.fixture
def file(tmp_path):
    return tmp_path / "arrays.h5"


def source(file, write=None, **options):
    if write is not None:
        with h5py.File(file, "w") as content:
            write(content)
    return Hdf5("own", path=str(file), **options)


def of(**arrays):
    def write(content):
        for name, array in arrays.items():
            content[name] = array

    return write


def refusal(unread):
    with pytest.raises(DataError) as raised:
        unread.open()
    with pytest.raises(OptionError) as outlined:
        unread.outline()
    return outlined.value, str(raised.value).removeprefix(f"data set own in {unread.path}: ")


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<i2", "u4", "?"])
def test_numbers_become_float32(file, dtype):
    raw = source(file, of(samples=ROWS.astype(dtype), labels=LABELS)).open()

    assert raw.samples.dtype == torch.float32
    assert np.array_equal(raw.samples.numpy(), ROWS.astype(dtype).astype(np.float32))
    assert raw.labels.tolist() == LABELS.tolist()
    assert raw.files == ([str(file)] if dtype == "<f4" else [])


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 6, 3)])
def test_images_have_their_channels_first(file, shape):
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    raw = source(file, of(samples=images)).open()

    expected = images[:, None] if len(shape) == 3 else images.transpose(0, 3, 1, 2)
    assert raw.samples.dtype == torch.uint8
    assert np.array_equal(raw.samples.numpy(), expected)
    assert source(file).outline().examples[0].shape == raw.samples.shape[1:]


def test_arrays_in_chunks_are_read_into_memory(file):
    unread = source(
        file,
        lambda f: f.create_dataset("samples", data=ROWS, chunks=(2, 3), compression="gzip"),
    )
    raw = unread.open()

    assert np.array_equal(raw.samples.numpy(), ROWS)
    assert (raw.labels, raw.files) == (None, [])
    assert unread.outline().n_samples == 4


def test_arrays_in_groups_are_named_by_their_path(file):
    unread = source(
        file, of(**{"train/x": ROWS, "train/y": LABELS}),
        samples_key="train/x", labels_key="/train/y",
    )  # fmt: skip

    assert np.array_equal(unread.open().samples.numpy(), ROWS)
    assert unread.outline().has_labels


def test_a_missing_array_is_told_with_the_others(file):
    error, message = refusal(source(file, of(x=ROWS, **{"g/y": LABELS}), samples_key="xx"))

    assert (error.key, error.value, set(error.known)) == ("samples_key", "xx", {"x", "g/y"})
    assert message == "no array xx; the file has: g/y, x"
    assert refusal(source(file, samples_key="x/y"))[0].key == "samples_key"
    assert refusal(source(file, samples_key="x", labels_key="z"))[0].key == "labels_key"
    assert refusal(source(file, samples_key="g"))[1] == "g is not an array"


def test_labels_must_be_one_integer_per_sample(file):
    for labels in (LABELS[:3], LABELS / 2, LABELS[:, None]):
        error, message = refusal(source(file, of(samples=ROWS, labels=labels)))
        assert error.key == "labels_key"
        assert "labels " in message


def test_texts_and_values_that_are_not_finite_are_refused(file):
    assert "holds texts" in refusal(source(file, of(samples=["a", "b"])))[1]
    unread = source(file, of(samples=np.where(ROWS == 7, np.nan, ROWS)))
    with pytest.raises(DataError, match="sample 2 has a value that is not finite"):
        unread.open()


def test_nothing_is_read_from_other_files(file, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(ROWS.tobytes())
    source(tmp_path / "other.h5", of(samples=ROWS))
    layout = h5py.VirtualLayout(shape=(4, 3), dtype="f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "samples", shape=(4, 3))
    ways = {
        "link": lambda f: f.update({"samples": h5py.ExternalLink("other.h5", "samples")}),
        "soft": lambda f: f.update({"far": h5py.ExternalLink("other.h5", "/"),
                                    "samples": h5py.SoftLink("/far/samples")}),
        "group": lambda f: f.update({"samples": h5py.ExternalLink("other.h5", "/")}),
        "raw": lambda f: f.create_dataset(
            "samples", shape=(4, 3), dtype="f4", external=[(str(secret), 0, 48)]
        ),
        "virtual": lambda f: f.create_virtual_dataset("samples", layout),
    }  # fmt: skip
    for write in ways.values():
        error, message = refusal(source(file, write))
        assert error.key == "samples_key"
        assert "which is not followed" in message or "in other files" in message


def test_shapes_that_claim_too_much_are_refused_unread(file):
    def write(content):
        content.create_dataset("samples", shape=(10**12, 10), dtype="f4", chunks=(1024, 10))

    with pytest.raises(DataError, match="GiB of memory; save them as float32"):
        source(file, write).open()


def test_the_limit_counts_images_by_their_bytes(file, monkeypatch):
    monkeypatch.setattr(module, "SAMPLES_IN_MEMORY_BYTES", 4 * 25)
    images = np.zeros((4, 5, 5), np.uint8)

    for array, fits in ((images, True), (images.astype(np.int16), False)):
        unread = source(file, lambda f, a=array: f.create_dataset("samples", data=a, chunks=True))
        if fits:
            unread.open()
        else:
            with pytest.raises(DataError, match="of memory"):
                unread.open()


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n" + b"\0" * 200])
def test_other_files_are_refused(file, content):
    file.write_bytes(content)

    assert "cannot be read as arrays of HDF5" in refusal(source(file))[1]


def test_a_file_that_was_cut_is_refused(file):
    source(file, of(samples=ROWS))
    file.write_bytes(file.read_bytes()[:-10])

    assert "cannot be read" in refusal(source(file))[1]


def test_without_h5py_the_command_is_told(file, monkeypatch):
    file.touch()
    monkeypatch.setitem(sys.modules, "h5py", None)

    assert "pip install 'dcrf[hdf5]'" in refusal(source(file))[1]
