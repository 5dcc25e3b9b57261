"""Entries of components, and the older keys that are arguments of them."""

import pytest

from tests.unit.config.methods import dec, load, problem

STRATEGY = "$.cluster_assignment_strategy"
START = "centroid_initialization_classical_clustering_method"
RESTARTS = "centroid_initialization_classical_clustering_num_restarts"


def starting(**keys):
    method = dec()
    strategy = method["cluster_assignment_strategy"]
    strategy.pop(RESTARTS, None)
    strategy |= keys
    return method


@pytest.mark.parametrize(
    "keys",
    [
        {RESTARTS: 7},
        {START: "k_means", RESTARTS: 7},
        {START: {"method": "k_means"}, RESTARTS: 7},
        {START: {"method": "k_means", "num_restarts": 7}},
        {START: {"method": "k_means", "num_restarts": 7.0}},
    ],
)
def test_all_spellings_of_a_clustering_mean_the_same(tmp_path, keys):
    config = load(tmp_path, starting(**keys))

    assert config.filled["cluster_assignment_strategy"][START] == {
        "method": "k_means",
        "num_restarts": 7,
        "steps": [],
    }
    assert RESTARTS not in config.filled["cluster_assignment_strategy"]
    assert load(tmp_path, config.filled).filled == config.filled


def test_a_name_alone_has_the_defaults(tmp_path):
    config = load(tmp_path, starting(**{START: "k_means"}))

    assert config.filled["cluster_assignment_strategy"][START] == {
        "method": "k_means",
        "num_restarts": 20,
        "steps": [],
    }


def test_a_number_of_restarts_is_not_written_twice(tmp_path):
    clustering = {"method": "k_means", "num_restarts": 7}

    found = problem(tmp_path, starting(**{START: clustering, RESTARTS: 8}))

    assert found.path == f"{STRATEGY}.{RESTARTS}"
    assert found.found == f"{START!r} already has the key 'num_restarts'"


@pytest.mark.parametrize("value", ["k_maens", {"method": "k_maens"}])
def test_an_unknown_clustering_is_the_only_problem(tmp_path, value):
    found = problem(tmp_path, starting(**{START: value, RESTARTS: 3}))

    assert found.path.startswith(f"{STRATEGY}.{START}")
    assert found.found == "unknown value 'k_maens'"
    assert found.remedy == "did you mean 'k_means'?"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "3 is not a string or an object"),
        ([], "a list is not a string or an object"),
        ({}, "the key 'method' is missing"),
    ],
)
def test_other_values_than_a_name_or_an_object_are_a_problem(tmp_path, value, message):
    found = problem(tmp_path, starting(**{START: value}))

    assert (found.path, found.found) == (f"{STRATEGY}.{START}", message)


def test_an_unknown_key_of_a_clustering_is_a_problem_there(tmp_path):
    found = problem(tmp_path, starting(**{START: {"method": "k_means", "num_restart": 3}}))

    assert found.path == f"{STRATEGY}.{START}.num_restart"
    assert found.remedy == "did you mean 'num_restarts'?"


def test_the_older_key_is_checked_where_it_stands(tmp_path):
    found = problem(tmp_path, starting(**{RESTARTS: 0}))

    assert found.path == f"{STRATEGY}.{RESTARTS}"
    assert "at least 1" in found.found
    assert found.line > 1


def test_restarts_of_a_clustering_without_restarts_are_a_problem(tmp_path):
    found = problem(tmp_path, starting(**{START: "agglomerative", RESTARTS: 3}))

    assert (found.path, found.found) == (
        f"{STRATEGY}.{RESTARTS}",
        "the clustering 'agglomerative' has no key 'num_restarts'",
    )


@pytest.mark.parametrize("value", ["dbscan", {"method": "hdbscan"}])
def test_a_clustering_that_finds_its_number_starts_no_centroids(tmp_path, value):
    found = problem(tmp_path, starting(**{START: value}))

    assert found.path == f"{STRATEGY}.{START}"
    assert "finds a number of clusters of its own" in found.found
    assert "k_means" in found.remedy
    assert "dbscan" not in found.remedy


@pytest.mark.parametrize("value", ["gaussian_mixture", "spectral", {"method": "birch"}])
def test_any_other_clustering_starts_centroids(tmp_path, value):
    load(tmp_path, starting(**{START: value}))


def test_soft_assignments_need_a_soft_clustering(tmp_path):
    after = "classical_clustering_in_feature_space_after_phase"
    key = "classical_clustering_method_after_phase"
    method = dec()
    method["cluster_assignment_strategy"] = {"type": after, after: "pretraining", key: "k_means"}
    for phase in method["phases"]:
        phase.pop("save_centroids", None)
        for optimizer in phase["optimizers"]:
            optimizer.pop("optimizes_centroids", None)

    found = problem(tmp_path, method)

    assert found.found.startswith("it needs soft assignments")
    assert f"gaussian_mixture here: {STRATEGY}.{key}" in found.remedy
    method["cluster_assignment_strategy"][key] = "gaussian_mixture"
    load(tmp_path, method)
