"""The provenance beside a file of features, and what data sets make of it."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from dcrf.data.sources.load import open_data
from dcrf.data.sources.provenance import (
    FORMAT,
    Provenance,
    features_sha256,
    options_beside,
    options_of_one_file,
    read_provenance,
    write_provenance,
)
from dcrf.safety.limits import PROVENANCE_FILE_BYTES

FEATURES = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
PROVENANCE = Provenance(
    model="torchvision/resnet18",
    package="torchvision 1",
    weights="published parameters",
    weights_sha256="a1",
    may_have_seen_labels=True,
    preprocessing="Resize",
    data="images",
    data_sha256="b2",
    n_samples=6,
    n_features=3,
    features_sha256=features_sha256(torch.from_numpy(FEATURES)),
    device="cpu",
    date="2026-11-30",
    labels="features_labels.npy",
    ids="features_ids.npy",
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "features.npy"
    np.save(path, FEATURES)
    write_provenance(PROVENANCE, path)
    return path


def change(file, **values):
    content = {"format": FORMAT, **asdict(PROVENANCE), **values}
    file.with_suffix(".json").write_text(json.dumps(content))


def test_it_is_read_as_it_was_written(file):
    assert read_provenance(file) == PROVENANCE


def test_a_data_set_has_it_with_a_note(file):
    raw = open_data("npy", "features", {"path": str(file)})

    (provenance,) = raw.provenance
    assert provenance == {**asdict(PROVENANCE), "note": PROVENANCE.sentence()}
    assert raw.notes == (PROVENANCE.sentence(),)
    assert PROVENANCE.sentence() == (
        "the samples are features of torchvision/resnet18 (torchvision 1, published parameters), "
        "computed from images; its pretraining may have seen labels of these samples"
    )


def test_random_parameters_have_seen_no_labels():
    sentence = replace(PROVENANCE, may_have_seen_labels=False).sentence()

    assert sentence.endswith("it has seen no labels")


def test_a_part_of_the_samples_keeps_it(file):
    assert open_data("npy", "features", {"path": str(file)}, first=1, last=3).provenance


def test_other_features_do_not_get_it(file):
    np.save(file, FEATURES + 1)

    raw = open_data("npy", "features", {"path": str(file)})

    assert raw.provenance == ()
    assert raw.notes == (
        f"features.json describes other features than those in {file}, so it is not used",
    )


@pytest.mark.parametrize(
    "values",
    [
        {"format": "another"},
        {"model": 3},
        {"n_samples": "6"},
        {"n_features": True},
        {"may_have_seen_labels": 1},
        {"labels": "../labels.npy"},
        {"labels": "/etc/passwd"},
        {"ids": ".."},
        {"ids": ["a"]},
        {"labels": "/etc/labels.npy"},
        {"model": "x" * PROVENANCE_FILE_BYTES},
    ],
)
def test_another_json_file_is_ignored(file, values):
    change(file, **values)

    assert read_provenance(file) is None
    assert open_data("npy", "features", {"path": str(file)}).notes == ()


@pytest.mark.parametrize("content", [b"[1]", b"{", b"\xff", b"[" * 100_000, b""])
def test_a_file_that_is_not_an_object_is_ignored(file, content):
    file.with_suffix(".json").write_bytes(content)

    assert read_provenance(file) is None


def test_options_name_the_files_of_labels_and_ids(file):
    assert options_beside(file, "npy") == {
        "labels_path": str(file.with_name("features_labels.npy")),
        "ids_path": str(file.with_name("features_ids.npy")),
    }
    assert options_beside(file, "csv") == {}
    assert options_beside(file.with_name("other.npy"), "npy") == {}


def test_options_of_one_file_are_left_out_for_another():
    options = {"path": "a.npy", "labels_path": "b.npy", "ids_path": "c.npy"}

    assert options_of_one_file(options, "npy") == {"path": "a.npy"}
    assert options_of_one_file({"id_column": "name"}, "csv") == {"id_column": "name"}
