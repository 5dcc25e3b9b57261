"""The source `npy`: arrays that stay in their file, and errors that name the file."""

import numpy as np
import pytest
import torch

from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sampling.shuffled import Shuffled
from dcrf.data.sources import arrays
from dcrf.data.sources import npy as module
from dcrf.data.sources.load import open_data, outline_data
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 3), dtype=np.uint8)


def saved(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return {"path": str(path)}


def single(folder, samples, labels=None):
    np.save(folder / "data.npy", samples)
    if labels is None:
        return {"path": str(folder / "data.npy")}
    np.save(folder / "labels.npy", labels)
    return {"path": str(folder / "data.npy"), "labels_path": str(folder / "labels.npy")}


def test_an_array_stays_in_its_file(tmp_path):
    """A later change of the file reaches the next batch."""
    options = single(tmp_path, np.zeros((6, 3), np.float32), np.array([5, 5, 7, 7, 7, 9]))
    raw = open_data("npy", "mine", options, first=1, last=4)
    source = DataSource("mine", raw, None, {}, Loading(4), RandomStreams(0))
    _, before = next(source.batches())
    np.load(options["path"], mmap_mode="r+")[2] = [1, 2, 3]
    _, after = next(source.batches())

    assert before.samples.sum() == 0
    assert after.samples.tolist() == [[0, 0, 0], [1, 2, 3], [0, 0, 0], [0, 0, 0]]
    assert source.labels().tolist() == [5, 7, 7, 7]
    assert source.labels().dtype == np.int64


def test_an_array_may_be_larger_than_the_memory(tmp_path):
    path = tmp_path / "data.npy"
    n = 2**24
    layout = {"descr": "|u1", "fortran_order": False, "shape": (n, 256, 256)}
    with path.open("wb") as file:  # a TiB of zeros, which the file system does not store
        np.lib.format.write_array_header_1_0(file, layout)
        start = file.tell()
        file.truncate(start + n * 256 * 256)
        file.seek(-1, 2)
        file.write(b"\xff")
    raw = open_data("npy", "mine", {"path": str(path)})
    source = DataSource("mine", raw, None, {}, Loading(2), RandomStreams(0))
    rows = source.data_pass(lambda batch: batch.samples, torch.tensor([0, n - 1]))
    path.unlink()

    assert rows.shape == (2, 1, 256, 256)
    assert rows.nonzero().tolist() == [[1, 0, 255, 255]]
    assert rows.sum() == 1


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4, 3, 1), (5, 4, 3, 3)])
@pytest.mark.parametrize("views", [{}, {"crop": [{"type": "RandomCrop", "size": 2}]}])
def test_images_in_one_array_give_the_batches_of_an_archive(tmp_path, shape, views):
    images = PIXELS[..., : shape[-1]] if len(shape) > 3 else PIXELS[..., 0]
    mapped = open_data("npy", "mine", single(tmp_path, images))
    archived = open_data("npz", "mine", saved(tmp_path, samples=images))
    batches = [
        next(
            DataSource("mine", raw, None, views, Loading(3, Shuffled()), RandomStreams(0)).batches(
                views
            )
        )[1]
        for raw in (mapped, archived)
    ]

    assert torch.equal(batches[0].samples, batches[1].samples)
    assert batches[0].samples.is_contiguous()
    assert all(torch.equal(batches[0].views[name], batches[1].views[name]) for name in views)


@pytest.mark.parametrize("dtype", [np.float64, ">f4", np.int16, np.bool_, np.uint8])
def test_other_types_become_float32_where_that_is_not_too_much(tmp_path, dtype, monkeypatch):
    options = single(tmp_path, np.array([[0, 1], [1, 0], [1, 1]], dtype=dtype))
    monkeypatch.setattr(module, "SAMPLES_IN_MEMORY_BYTES", 24)
    raw = open_data("npy", "mine", options)

    assert raw.samples.dtype == torch.float32
    assert raw.samples.tolist() == [[0, 1], [1, 0], [1, 1]]

    monkeypatch.setattr(module, "SAMPLES_IN_MEMORY_BYTES", 23)
    with pytest.raises(DataError, match="save them as float32"):
        open_data("npy", "mine", options)


@pytest.mark.parametrize("array", [PIXELS, np.ones((3, 2), np.float32)])
def test_images_and_float32_may_be_larger_than_what_is_kept_in_memory(tmp_path, array, monkeypatch):
    monkeypatch.setattr(module, "SAMPLES_IN_MEMORY_BYTES", 0)

    assert len(open_data("npy", "mine", single(tmp_path, array)).samples) == len(array)


def test_columns_one_after_another_are_the_same_samples(tmp_path):
    array = np.random.default_rng(0).random((7, 3), dtype=np.float32)
    raw = open_data("npy", "mine", single(tmp_path, np.asfortranarray(array)))

    assert np.array_equal(raw.samples.numpy(), array)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 5, 10])
def test_a_value_that_is_not_finite_is_found_wherever_it_is(tmp_path, row, value, monkeypatch):
    monkeypatch.setattr(arrays, "_VALUES_PER_CHECK", 8)
    array = np.random.default_rng(0).random((11, 3), dtype=np.float32)
    array[row, 1] = value

    with pytest.raises(DataError, match=f"sample {row} has a value that is not finite"):
        open_data("npy", "mine", single(tmp_path, array))


@pytest.mark.parametrize(
    ("samples", "labels", "message"),
    [
        (np.array([[{}]]), None, "data.npy: an array of Python objects"),
        (np.ones(3), None, r"data.npy: samples have the shape \(3,\)"),
        (np.ones((0, 3), np.float32), None, r"shape \(0, 3\)"),
        (np.ones((3, 0), np.float32), None, r"shape \(3, 0\)"),
        (np.ones((2, 4, 4, 2), np.uint8), None, "1, 3 or 4 channels"),
        (np.array([["a"]]), None, "expected numbers"),
        (PIXELS, np.arange(4), r"mine, labels in .*labels.npy: .*shape \(4,\); expected \(5,\)"),
        (PIXELS, np.ones(5), "expected integers"),
        (PIXELS, np.array([{}] * 5), "labels.npy: an array of Python objects"),
    ],
)
def test_one_array_that_is_no_data_is_an_error(tmp_path, samples, labels, message):
    with pytest.raises(DataError, match=message):
        open_data("npy", "mine", single(tmp_path, samples, labels))


def test_a_file_that_holds_no_single_array_is_an_error_that_names_it(tmp_path):
    whole = tmp_path / "whole.npy"
    np.save(whole, np.ones((30, 20), np.float32))
    (tmp_path / "half.npy").write_bytes(whole.read_bytes()[:1000])
    (tmp_path / "text.npy").write_text("no array here")
    (tmp_path / "empty.npy").touch()
    np.savez(tmp_path / "archive.npz", samples=np.ones((3, 2)))
    messages = {
        "half.npy": "cannot be read",
        "text.npy": "cannot be read",
        "empty.npy": "cannot be read",
        "archive.npz": '"source": "npz"',
        "nowhere.npy": "the file does not exist",
    }

    for name, message in messages.items():
        with pytest.raises(DataError, match=f"{name}: .*{message}"):
            open_data("npy", "mine", {"path": str(tmp_path / name)})
        paths = {"path": str(whole), "labels_path": str(tmp_path / name)}
        with pytest.raises(DataError, match=f"labels in .*{name}: .*{message}"):
            open_data("npy", "mine", paths)


def with_ids(folder, ids):
    np.save(folder / "data.npy", np.ones((4, 2), np.float32))
    np.save(folder / "ids.npy", ids)
    return {"path": str(folder / "data.npy"), "ids_path": str(folder / "ids.npy")}


@pytest.mark.parametrize("ids", [["a.png", "b.png", "ü", ""], [7, 3, 5, 9]])
def test_ids_are_names_of_samples(tmp_path, ids):
    raw = open_data("npy", "mine", with_ids(tmp_path, np.array(ids)))

    assert raw.ids == [str(name) for name in ids]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.array(["a", "b"]), r"ids have the shape \(2,\); expected \(4,\)"),
        (np.ones(4, np.float32), "ids are of type float32; expected texts or integers"),
    ],
)
def test_ids_of_another_kind_are_refused(tmp_path, ids, message):
    options = with_ids(tmp_path, ids)

    for read in (open_data, outline_data):
        with pytest.raises(DataError, match=message):
            read("npy", "mine", options)
