"""Frozen parts exist, and leave something to train."""

import pytest

from tests.unit.config.methods import dec, load, problem

PATH = "$.phases[1].frozen_parts"


def freezing(*names, trained=("encoder",), **optimizer):
    method = dec()
    method["phases"][1]["frozen_parts"] = list(names)
    others = {"trained_mapping_names": [*trained], "optimizes_centroids": False, **optimizer}
    method["phases"][1]["optimizers"] = [{"type": "Adam", "name": "main", "lr": 0.1, **others}]
    return method


@pytest.mark.parametrize("name", ["decoder", "centroids", "encoder.hidden", "encoder.code"])
def test_parts_and_layers_may_be_frozen(tmp_path, name):
    assert load(tmp_path, freezing(name)).phases[1].frozen_parts == (name,)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("encodr", "encoder"), ("encoder.hiden", "encoder.hidden"), ("centroid", "centroids")],
)
def test_an_unknown_name_gets_a_suggestion(tmp_path, name, meant):
    found = problem(tmp_path, freezing(name))

    assert (found.path, found.found) == (f"{PATH}[0]", f"no part or layer is called {name!r}")
    assert found.remedy == f"did you mean {meant!r}?"


@pytest.mark.parametrize("names", [["encoder"], ["encoder.hidden", "encoder.code"]])
def test_an_optimizer_keeps_a_part_to_train(tmp_path, names):
    found = problem(tmp_path, freezing(*names))

    assert found.path == "$.phases[1].optimizers[0]"
    assert found.found == "the optimizer trains frozen parts only: encoder"


def test_one_of_two_parts_may_be_frozen(tmp_path):
    load(tmp_path, freezing("encoder", optimizes_centroids=True))


def test_a_pattern_moves_no_frozen_part(tmp_path):
    method = freezing("centroids")
    method["phases"][1]["design_patterns"].append({"pattern": "running_mean_centroids"})

    found = problem(tmp_path, method)

    assert found.path == PATH
    assert found.found == "'running_mean_centroids' moves 'centroids', which the phase freezes"
