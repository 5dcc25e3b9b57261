"""Outlines agree with the data that are read."""

from contextlib import nullcontext

import numpy as np
import pytest
from torch import Tensor
from torchvision import datasets

from dcrf.data.sources.load import open_data, outline_data
from dcrf.data.sources.outline import UNKNOWN, concatenated, size_of_range
from dcrf.data.sources.raw_data import RawData, select
from dcrf.data.sources.torchvision_facts import TORCHVISION
from dcrf.errors import DataError
from dcrf.safety.limits import SAMPLE_VALUES
from dcrf.schema.allowed_names import DATASETS
from tests.cases.methods import fake_mnist

ARRAYS = {
    "vectors": np.zeros((5, 3), np.float32),
    "doubles": np.zeros((5, 3, 2), np.float64),
    "gray": np.zeros((5, 4, 3), np.uint8),
    "colors": np.zeros((5, 4, 4, 3), np.uint8),
    "table of bytes": np.zeros((5, 4), np.uint8),
    "booleans": np.zeros((5, 4), bool),
    "bad channels": np.zeros((5, 4, 4, 2), np.uint8),
    "one axis": np.zeros(5),
    "words": np.array([["a", "b"]]),
    "empty": np.zeros((0, 3)),
}


def seen(source, options):
    """The outline of a data set that was opened."""
    try:
        raw = open_data(source, "data", options)
    except DataError:
        return None
    sample = raw.samples[0]
    return len(raw.samples), tuple(sample.shape), sample.dtype, raw.labels is not None


def foreseen(source, options):
    try:
        found = outline_data(source, "data", options)
    except DataError:
        return None
    (example,) = found.examples
    return found.n_samples, tuple(example.shape), example.dtype, found.has_labels


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("labels", [None, [0, 1, 2, 0, 1], [0, 1], [0.5] * 5])
def test_headers_tell_what_the_arrays_hold(tmp_path, name, labels):
    given = {} if labels is None else {"labels": np.array(labels)}
    np.savez(tmp_path / "a.npz", samples=ARRAYS[name], **given)
    np.save(tmp_path / "a.npy", ARRAYS[name])
    options = {"path": str(tmp_path / "a.npy")}
    if labels is not None:
        np.save(tmp_path / "labels.npy", given["labels"])
        options["labels_path"] = str(tmp_path / "labels.npy")

    npz = {"path": str(tmp_path / "a.npz")}
    assert foreseen("npz", npz) == seen("npz", npz)
    assert foreseen("npy", options) == seen("npy", options)


@pytest.mark.parametrize("options", [{"samples_key": "x"}, {"labels_key": "y"}])
def test_arrays_that_are_not_there(tmp_path, options):
    np.savez(tmp_path / "a.npz", samples=ARRAYS["vectors"])

    with pytest.raises(DataError, match=r"no array [xy]; the file has: samples"):
        outline_data("npz", "data", {"path": str(tmp_path / "a.npz"), **options})


@pytest.mark.parametrize("n_values", [SAMPLE_VALUES, SAMPLE_VALUES + 1])
def test_a_sample_has_so_many_values_and_no_more(n_values):
    options = {"image_size": [1, 1, n_values], "size": 7}

    with pytest.raises(DataError, match="more than") if n_values > SAMPLE_VALUES else nullcontext():
        outline_data("torchvision", "FakeData", options)


@pytest.mark.parametrize("name", ["load_digits", "load_iris", "load_wine", "load_breast_cancer"])
def test_the_sets_of_scikit_learn_are_as_the_table_says(name):
    raw = open_data("sklearn", name, {})
    found = outline_data("sklearn", name, {})

    assert isinstance(raw.samples, Tensor)
    assert (found.n_samples, found.has_labels) == (len(raw.samples), True)
    assert [example.shape for example in found.examples] == [raw.samples.shape[1:]]


def test_the_table_names_sets_that_a_file_may_name():
    assert TORCHVISION.keys() <= DATASETS.keys()


def test_fake_mnist_has_the_shape_in_the_table(tmp_path):
    options = {"root": str(fake_mnist(tmp_path))}
    raw = open_data("torchvision", "MNIST", options)
    (example,) = outline_data("torchvision", "MNIST", options).examples

    assert (example.shape, example.dtype) == (raw.samples.shape[1:], raw.samples.dtype)


def test_parts_add_up():
    parts = [{"train": True}, {"train": False}]

    found = [outline_data("torchvision", "CIFAR10", part) for part in parts]

    assert [part.n_samples for part in found] == [50_000, 10_000]
    assert concatenated(found).n_samples == 60_000
    assert concatenated([*found, UNKNOWN]).n_samples is None


def test_fake_data_have_the_shape_that_they_are_given():
    options = {"image_size": [1, 5, 6], "size": 7}
    sample = datasets.FakeData(size=7, image_size=(1, 5, 6))[0][0]
    found = outline_data("torchvision", "FakeData", options)

    assert found.n_samples == 7
    assert found.examples[0].shape == (1, sample.height, sample.width)


def test_unlabeled_images_have_no_labels():
    assert outline_data("torchvision", "STL10", {"split": "unlabeled"}).has_labels is False
    assert outline_data("torchvision", "STL10", {"split": "train"}).has_labels is True


@pytest.mark.parametrize("ends", [(None, None), (3, None), (None, 3), (2, 2), (4, 3), (0, 9)])
def test_a_range_leaves_what_selecting_it_leaves(ends):
    try:
        wanted = len(select(RawData(range(8), None), *ends).samples)
    except DataError:
        with pytest.raises(DataError):
            size_of_range(8, *ends)
    else:
        assert size_of_range(8, *ends) == wanted
