import os

import numpy as np
import pytest

from tests.unit.config.methods import dec, load, problem, problems


def torchvision(**options):
    method = dec()
    method["datasets"][0] |= {"source": "torchvision", "dataset": "MNIST", **options}
    return method


def test_a_folder_that_is_not_downloaded_must_exist(tmp_path):
    found = problem(tmp_path, torchvision(root="data", train=True))

    assert found.path == "$.datasets[0].root"
    assert f"{tmp_path / 'data'}" in found.found

    load(tmp_path, torchvision(root="data", download=True))
    (tmp_path / "data").mkdir()
    load(tmp_path, torchvision(root="data"))


def test_the_folder_of_a_part_must_exist(tmp_path):
    parts = [{"root": "."}, {"root": "data"}]

    assert problem(tmp_path, torchvision(parts=parts)).path == "$.datasets[0].parts[1].root"


def test_a_file_of_arrays_must_exist(tmp_path):
    method = dec()
    method["datasets"][0] |= {"source": "npz", "path": "arrays.npz"}

    assert problem(tmp_path, method).path == "$.datasets[0].path"

    method["datasets"][0]["enabled"] = False
    method["datasets"].append(
        {"dataset": "load_iris", "source": "sklearn", "batch_size": 4, "num_clusters": 3}
        | {"phases": ["finetuning"]}
    )
    load(tmp_path, method)

    np.savez(tmp_path / "arrays.npz", samples=np.zeros((2, 2)))
    method["datasets"][0]["enabled"] = True
    options = load(tmp_path, method).datasets[0].options
    assert options["path"] == str(tmp_path / "arrays.npz")


def test_both_files_of_a_single_array_must_exist(tmp_path):
    method = dec()
    arrays = {"source": "npy", "path": "samples.npy", "labels_path": "labels.npy"}
    method["datasets"][0] |= arrays

    assert [p.path for p in problems(tmp_path, method)] == [
        "$.datasets[0].path",
        "$.datasets[0].labels_path",
    ]

    for name in ("samples.npy", "labels.npy"):
        (tmp_path / name).touch()
    assert load(tmp_path, method).datasets[0].options == {
        "path": str(tmp_path / "samples.npy"),
        "labels_path": str(tmp_path / "labels.npy"),
    }

    del method["datasets"][0]["labels_path"]
    options = load(tmp_path, method).datasets[0].options
    assert options == {"path": str(tmp_path / "samples.npy")}


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b"])
def test_paths_that_no_system_takes_do_not_exist(tmp_path, path):
    assert any(p.path == "$.datasets[0].root" for p in problems(tmp_path, torchvision(root=path)))


def test_the_file_of_every_part_must_exist(tmp_path):
    method = dec()
    parts = [{"path": "a.npz"}, {"path": "b.npz", "samples_key": "x"}]
    method["datasets"][0] |= {"source": "npz", "parts": parts, "labels_key": "y"}
    (tmp_path / "a.npz").touch()

    assert problem(tmp_path, method).path == "$.datasets[0].parts[1].path"

    (tmp_path / "b.npz").touch()
    dataset = load(tmp_path, method).datasets[0]
    assert dataset.options == {"samples_key": "samples", "labels_key": "y"}
    assert dataset.parts == (
        {"path": str(tmp_path / "a.npz")},
        {"path": str(tmp_path / "b.npz"), "samples_key": "x"},
    )


def test_a_part_without_a_file_has_that_of_the_data_set(tmp_path):
    method = dec()
    method["datasets"][0] |= {"source": "npz", "parts": [{"samples_key": "x"}]}
    found = problem(tmp_path, method)
    assert (found.path, found.found) == ("$.datasets[0].parts[0]", "the key 'path' is missing")

    method["datasets"][0]["path"] = "method.json"
    assert load(tmp_path, method).datasets[0].options["path"] == str(tmp_path / "method.json")


def test_what_is_there_must_be_of_the_right_kind(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    method = dec()
    for path, labels_path in (("pipe", "/dev/zero"), (".", "pipe")):
        method["datasets"][0] |= {"source": "npy", "path": path, "labels_path": labels_path}
        found = [p.found for p in problems(tmp_path, method)]

        assert [text.endswith(" is not a regular file") for text in found] == [True, True]

    found = problem(tmp_path, torchvision(root="pipe"))
    assert found.found.endswith(" is not a folder")
