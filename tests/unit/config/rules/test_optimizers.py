from tests.unit.config.methods import dec, load, problem, problems


def second_optimizer(**changes):
    method = dec()
    optimizer = {"type": "Adam", "trained_mapping_names": ["decoder"], **changes}
    method["phases"][1]["optimizers"].append(optimizer)
    return method


def test_an_optimizer_without_a_name_never_acts_in_a_cycle(tmp_path):
    found = problem(tmp_path, second_optimizer())

    assert found.path == "$.phases[1].optimizers[1]"
    assert "optimizer_cycle" in found.found


def test_an_optimizer_that_no_stage_names_never_acts(tmp_path):
    found = problem(tmp_path, second_optimizer(name="other"))

    assert found.path == "$.phases[1].optimizers[1].name"
    assert "activates 'other'" in found.found


def test_without_a_cycle_every_optimizer_acts(tmp_path):
    method = second_optimizer()
    del method["phases"][1]["optimizer_cycle"]

    assert len(load(tmp_path, method).phases[1].optimizers) == 2


def test_a_misspelt_name_in_a_stage_is_told_once(tmp_path):
    method = second_optimizer(name="other")
    method["phases"][1]["optimizer_cycle"][0]["active_optimizer_names"].append("othr")

    assert problem(tmp_path, method).found == "no optimizer is called 'othr'"


def test_a_disabled_phase_may_be_unfinished(tmp_path):
    method = second_optimizer()
    method["phases"].append(method["phases"][1] | {"name": "later", "enabled": False})
    method["phases"][1] = dec()["phases"][1]

    assert not load(tmp_path, method).warnings
    method["phases"][2]["enabled"] = True
    assert {p.path for p in problems(tmp_path, method)} == {"$.phases[2].optimizers[1]"}


def twice(**others):
    method = dec()
    (optimizer,) = method["phases"][1]["optimizers"]
    method["phases"][1]["optimizers"].append({**optimizer, "name": "second", **others})
    del method["phases"][1]["optimizer_cycle"]
    return method


def test_nothing_is_trained_by_two_optimizers_at_once(tmp_path):
    path = "$.phases[1].optimizers[1]"

    assert {p.path for p in problems(tmp_path, twice())} == {
        f"{path}.trained_mapping_names[0]",
        f"{path}.optimizes_centroids",
    }


def test_two_optimizers_may_take_turns(tmp_path):
    method = twice()
    method["phases"][1]["optimizer_cycle"] = [
        {"active_optimizer_names": [name], "num_iterations": 1} for name in ("main", "second")
    ]

    load(tmp_path, method)

    method["phases"][1]["optimizer_cycle"][1]["active_optimizer_names"] = ["main", "second"]
    assert len(problems(tmp_path, method)) == 2
