import pytest

from tests.unit.config.methods import classifying, dec, load, problem, problems

AFTER_PHASE = {
    "type": "classical_clustering_in_feature_space_after_phase",
    "classical_clustering_after_phase": "pretraining",
    "classical_clustering_after_phase_num_restarts": 7,
}


def test_training_device_is_the_device(tmp_path):
    config = load(tmp_path, {**dec(), "training_device": "cpu"})

    assert config.device == config.filled["device"] == "cpu"
    assert "training_device" not in config.filled
    assert config.notes == ("$.training_device is deprecated; write 'device'",)


def test_trained_mappings_are_the_trained_mapping_names(tmp_path):
    method = dec()
    optimizer = method["phases"][0]["optimizers"][0]
    optimizer["trained_mappings"] = optimizer.pop("trained_mapping_names")

    config = load(tmp_path, method)

    assert config.phases[0].optimizers[0].trained_parts == ("encoder", "decoder")
    assert "$.phases[0].optimizers[0].trained_mappings" in config.notes[0]


def test_clustering_after_a_phase_may_be_written_shorter(tmp_path):
    method = {**classifying(), "cluster_assignment_strategy": AFTER_PHASE}

    config = load(tmp_path, method)

    name = "classical_clustering_in_feature_space_after_phase"
    assert config.strategy.options[name] == "pretraining"
    clustering = config.strategy.options["classical_clustering_method_after_phase"]
    assert clustering == {"method": "k_means", "num_restarts": 7}
    assert len(config.notes) == 2


def test_an_old_and_a_new_key_together_are_a_problem(tmp_path):
    found = problem(tmp_path, {**dec(), "training_device": "cpu", "device": "cpu"})

    assert found.path == "$.training_device"
    assert "mean the same" in found.found
    assert found.line > 1


def test_problems_of_an_old_key_are_told_by_the_name_and_place_in_the_file(tmp_path):
    method = dec()
    method["phases"][0]["optimizers"][0] = {"type": "Adam", "trained_mappings": ["encodr"]}

    found = problem(tmp_path, method)

    assert found.path == "$.phases[0].optimizers[0].trained_mappings[0]"
    assert "'encoder'" in found.remedy
    lines = (tmp_path / "method.json").read_text().splitlines()
    assert lines[found.line - 1][found.column - 1 :].startswith('"encodr"')


@pytest.mark.parametrize("wrong", [None, 1, "x", [], {}, [1], [None, {"optimizers": [3]}]])
@pytest.mark.parametrize("key", ["phases", "cluster_assignment_strategy"])
def test_wrong_shapes_are_left_to_the_schema(tmp_path, key, wrong):
    found = problems(tmp_path, {**dec(), key: wrong, "training_device": "cpu"})

    assert any(p.path.startswith(f"$.{key}") for p in found)
