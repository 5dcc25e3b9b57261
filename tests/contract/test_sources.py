"""Every data source keeps the promises of `dcrf.data.sources.base`."""

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import dcrf
from dcrf.data.sources.load import SOURCES, open_data, outline_data

PACKAGE = Path(dcrf.__file__).parent
TESTS = Path(__file__).parents[1] / "unit" / "data" / "sources"

every_source = pytest.mark.parametrize("name", SOURCES)


@pytest.fixture
def smallest(tmp_path):
    """Source -> name and options of a small data set with labels."""
    samples, labels = np.ones((6, 3), np.float32), np.arange(6) % 2
    np.savez(tmp_path / "a.npz", samples=samples, labels=labels)
    np.save(tmp_path / "a.npy", samples)
    np.save(tmp_path / "labels.npy", labels)
    paths = {"path": str(tmp_path / "a.npy"), "labels_path": str(tmp_path / "labels.npy")}
    return {
        "npz": ("own", {"path": str(tmp_path / "a.npz")}),
        "npy": ("own", paths),
        "sklearn": ("load_iris", {}),
        "torchvision": ("FakeData", {"size": 6, "image_size": [3, 4, 5]}),
    }


@every_source
def test_a_source_is_one_stem(name):
    source = SOURCES[name]

    assert source.__module__ == f"dcrf.data.sources.{name}"
    assert source.__name__ == "".join(word.capitalize() for word in name.split("_"))
    assert (TESTS / f"test_{name}.py").exists()


@every_source
def test_the_outline_is_that_of_the_open_data(smallest, name):
    dataset, options = smallest[name]
    raw, outline = open_data(name, dataset, options), outline_data(name, dataset, options)
    sample = raw.samples[0]
    if not isinstance(sample, Tensor):
        sample = torch.from_numpy(np.array(sample)).movedim(-1, 0)

    assert outline.n_samples == len(raw.samples)
    assert [(e.shape, e.dtype) for e in outline.examples] == [(sample.shape, sample.dtype)]
    assert outline.has_labels == (raw.labels is not None)
    assert outline.notes == raw.notes
    assert raw.labels.dtype == np.int64


@every_source
def test_nothing_is_read_by_the_constructor(name):
    keys = inspect.signature(SOURCES[name]).parameters
    paths = {key: "/nowhere" for key in keys if key.endswith("path")}

    SOURCES[name]("anything", **paths)


@pytest.mark.parametrize("name", ["csv", "", "load", "base", "os", "image_folders"])
def test_an_unknown_source_is_no_other_source(name):
    for use in (open_data, outline_data):
        with pytest.raises(LookupError):
            use(name, "MNIST", {"root": "."})


def test_generic_modules_name_no_source():
    for module in ("data/sources/load.py", "data/sources/outline.py", "data/sources/raw_data.py",
                   "data/sources/base.py", "config/rules/input_files.py",
                   "dry_run/expected_data.py", "builder/data_sources.py"):  # fmt: skip
        text = (PACKAGE / module).read_text()

        assert not [name for name in SOURCES if f'"{name}"' in text or f"sources.{name}" in text]
