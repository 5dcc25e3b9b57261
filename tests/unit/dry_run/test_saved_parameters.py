"""Files that a method reads after it has saved them."""

import pytest

from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import CENTROIDS, linear, method


def beginning_with(load, saves):
    """A method whose centroids are read from a file that pretraining saves."""
    strategy = {
        **CENTROIDS,
        "centroid_initialization_strategy": "load_from_file",
        "centroid_file_path": "saved.pth",
    }
    phases = method()["phases"]
    phases[0] |= saves
    return load(
        mappings=[*method()["mappings"], linear("other", 10, 5)],
        phases=phases,
        cluster_assignment_strategy=strategy,
    )


def test_parameters_of_a_mapping_are_not_centroids(load):
    entry = {"mapping_name": "other", "path_to_file_or_dir": "saved.pth"}
    config = beginning_with(load, {"save_mapping_parameters": [entry]})

    with pytest.raises(ConfigError) as caught:
        check(config)

    (problem,) = caught.value.problems
    assert problem.path == "$.cluster_assignment_strategy.centroid_file_path"
    assert "will contain the parameters of another part" in problem.found


def test_centroids_are_not_parameters_of_a_mapping(load):
    phases = method()["phases"]
    phases[1]["save_centroids"] = {"path_to_file_or_dir": "saved.pth"}
    again = {"mapping_name": "encoder", "path_to_file": "saved.pth"}
    phases.append({**phases[1], "name": "again", "order": 3, "load_mapping_parameters": [again]})
    phases[2].pop("save_centroids")
    strategy = {**CENTROIDS, "use_centroids_during_phases": ["finetuning", "again"]}

    with pytest.raises(ConfigError) as caught:
        check(load(phases=phases, cluster_assignment_strategy=strategy))

    (problem,) = caught.value.problems
    assert problem.path.startswith("$.phases[2].load_mapping_parameters[0]")
    assert "do not fit" in problem.found
