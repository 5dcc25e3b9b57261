import pytest

from dcrf.config import load_checked
from tests.unit.config.methods import classifying, dec, load, problem, problems, write

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
    assert clustering == {"method": "k_means", "num_restarts": 7, "steps": []}
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


@pytest.mark.parametrize(("value", "meaning"), [(True, "shuffled"), (False, "in_order")])
def test_shuffle_means_a_sampling(tmp_path, value, meaning):
    method = dec()
    method["datasets"][0]["shuffle"] = value

    config = load(tmp_path, method)

    assert config.datasets[0].sampling == {"type": meaning}
    assert "shuffle" not in config.filled["datasets"][0]
    assert config.notes == ()


def test_shuffle_and_sampling_together_are_a_problem(tmp_path):
    method = dec()
    method["datasets"][0] |= {"shuffle": True, "sampling": "shuffled"}

    found = problem(tmp_path, method)

    assert found.path == "$.datasets[0].sampling"
    assert "keep one of the two" in found.remedy
    assert found.line > 1


@pytest.mark.parametrize("value", [1, "true", None, [True], {}])
def test_another_value_of_shuffle_is_a_problem_at_its_place(tmp_path, value):
    method = dec()
    method["datasets"][0]["shuffle"] = value

    assert problem(tmp_path, method).path == "$.datasets[0].shuffle"


@pytest.mark.parametrize(
    ("value", "part"),
    [("shufled", "did you mean 'shuffled'?"), ({"type": "in_ordr"}, "did you mean 'in_order'?")],
)
def test_an_unknown_sampling_is_a_problem_with_a_suggestion(tmp_path, value, part):
    method = dec()
    method["datasets"][0]["sampling"] = value

    found = problem(tmp_path, method)

    assert found.path.startswith("$.datasets[0].sampling")
    assert part in found.remedy


@pytest.mark.parametrize("setting", ["shuffle=true", "sampling=shuffled"])
@pytest.mark.parametrize("written_key", ["shuffle", "sampling"])
def test_an_override_replaces_either_spelling(tmp_path, setting, written_key):
    method = dec()
    method["datasets"][0][written_key] = False if written_key == "shuffle" else "in_order"
    config = load_checked(write(tmp_path, method), [f"datasets[0].{setting}"])

    assert config.datasets[0].sampling == {"type": "shuffled"}
