"""Which runs wait for which."""

from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.runs.dependencies import Dependencies, dependencies
from tests.cases.methods import method, written


@pytest.fixture
def config(tmp_path):
    """Load a method that saves and loads the encoder in these files."""

    def loader(name, saves=(), loads=()):
        content = method(name=name)
        content["phases"][0]["save_mapping_parameters"] = [
            {"mapping_name": "encoder", "path_to_file_or_dir": file} for file in saves
        ]
        content["phases"][0]["load_mapping_parameters"] = [
            {"mapping_name": "encoder", "path_to_file": file} for file in loads
        ]
        return load_checked(Path(written(tmp_path, content, f"{name}.json")))

    return loader


NOTHING = Dependencies({}, set())


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def file(name):
    return Path(name).resolve()


def test_runs_without_files_wait_for_nobody(config):
    assert dependencies([(config("a"), None), (config("b"), None)]) == [NOTHING, NOTHING]


def test_what_loads_waits_for_what_saves(config):
    a, b, c = config("a", saves=["x.pth"]), config("b"), config("c", loads=["x.pth"])

    assert dependencies([(a, None), (b, None), (c, None)]) == [
        NOTHING,
        NOTHING,
        Dependencies({0: file("x.pth")}, set()),
    ]


def test_what_saves_waits_for_what_loads_the_file_as_it_was(config):
    a, b = config("a", loads=["x.pth"]), config("b", saves=["x.pth"])

    assert dependencies([(a, None), (b, None)]) == [NOTHING, Dependencies({}, {0})]


def test_a_folder_to_save_in_stands_for_the_file_that_comes_into_it(config):
    a, b = config("a", saves=["kept"]), config("b", loads=["kept/a_digits_encoder.pth"])

    assert dependencies([(a, None), (b, None)]) == [
        NOTHING,
        Dependencies({0: file("kept/a_digits_encoder.pth")}, set()),
    ]


def test_seeds_have_files_of_their_own(config):
    a, b = config("a", saves=["x.pth"]), config("b", loads=["x.pth"])

    found = dependencies([(a, 1), (a, 2), (b, 1), (b, 2)])

    assert found == [
        NOTHING,
        NOTHING,
        Dependencies({0: file("x_seed1.pth")}, set()),
        Dependencies({1: file("x_seed2.pth")}, set()),
    ]


def test_centroids_are_files_too(tmp_path):
    saving, loading = method(name="a"), method(name="b")
    saving["phases"][1]["save_centroids"] = {"path_to_file_or_dir": "c.pth"}
    loading["cluster_assignment_strategy"].update(
        centroid_initialization_strategy="load_from_file", centroid_file_path="c.pth"
    )
    del loading["cluster_assignment_strategy"][
        "centroid_initialization_classical_clustering_num_restarts"
    ]
    a, b = (
        load_checked(Path(written(tmp_path, c, f"{c['name']}.json"))) for c in (saving, loading)
    )

    assert dependencies([(a, None), (b, None)]) == [
        NOTHING,
        Dependencies({0: file("c.pth")}, set()),
    ]
