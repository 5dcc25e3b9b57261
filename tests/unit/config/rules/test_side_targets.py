import numpy as np

from tests.unit.config.methods import dec, load, problem

PATTERN = {"pattern": "other_task", "head_name": "encoder"}


def learning(**changes):
    method = dec()
    method["phases"][0]["design_patterns"].append(PATTERN)
    method["datasets"][0] |= changes
    return method


def test_a_data_set_without_targets_is_reported_at_the_pattern(tmp_path):
    method = learning()
    report = problem(tmp_path, method)

    assert report.path.startswith("$.phases[0].design_patterns[")
    assert "learns from side targets, but data set" in report.found

    load(tmp_path, learning(side_targets="labels"))
    method["phases"][0]["design_patterns"][-1] = {**PATTERN, "enabled": False}
    load(tmp_path, method)


def test_only_the_data_sets_of_the_phase_need_targets(tmp_path):
    method = learning(side_targets="labels")
    other = {key: value for key, value in method["datasets"][0].items() if key != "side_targets"}
    names = [phase["name"] for phase in method["phases"]]
    method["datasets"].append({**other, "name": "other", "phases": names[1:]})
    load(tmp_path, method)

    method["datasets"][1]["phases"] = names

    assert "'other'" in problem(tmp_path, method).found


def test_the_file_of_targets_must_exist(tmp_path):
    method = learning(side_targets={"path": "targets.npy"})

    assert problem(tmp_path, method).path == "$.datasets[0].side_targets.path"

    np.save(tmp_path / "targets.npy", np.arange(3))
    entry = load(tmp_path, method).datasets[0].side_targets
    assert entry == {"path": str(tmp_path / "targets.npy"), "kind": "classes"}
