"""The bundled schema stands alone: jsonschema needs nothing else, and finds what it should."""

import json
from copy import deepcopy

import pytest
from jsonschema import Draft202012Validator

from dcrf.schema.bundle import bundled
from dcrf.schema.package_data import SHIPPED
from tests.cases.methods import method

FILES = sorted(SHIPPED.rglob("*.json"))
VALIDATOR = Draft202012Validator(json.loads(json.dumps(bundled())))


def errors(content):
    return [error.json_path for error in VALIDATOR.iter_errors(content)]


def test_it_is_a_valid_schema():
    schema = bundled()
    whole = {k: v for k, v in schema["$defs"].items() if not k.startswith("changes.")}

    Draft202012Validator.check_schema({**schema, "$defs": whole})  # the others are made of these


def test_every_reference_stays_inside():
    text = json.dumps(bundled())
    references = {word.split('"')[1] for word in text.split('"$ref": ')[1:]}

    assert len(references) > 100
    assert all(reference.startswith("#/$defs/") for reference in references)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_accepts_every_shipped_file(file):
    assert errors(json.loads(file.read_text())) == []


def mistakes():
    """A method with one mistake each, and the path of the error."""
    misspelled = method(sede=1)
    wrong = method()
    wrong["datasets"][0]["batch_size"] = 0
    other = method()
    other["phases"][1]["design_patterns"][0]["target_power"] = 9
    key = method()
    key["phases"][1]["design_patterns"][1]["target_power"] = 2
    layer = method()
    layer["mappings"][0]["layers"][1]["type"] = "Linaer"
    missing = method()
    del missing["phases"][0]["exit_criteria"]
    return {
        "a misspelled key": (misspelled, "$"),
        "a number out of range": (wrong, "$.datasets[0].batch_size"),
        "a value of a pattern": (other, "$.phases[1].design_patterns[0].target_power"),
        "a key of another pattern": (key, "$.phases[1].design_patterns[1]"),
        "a misspelled layer": (layer, "$.mappings[0].layers[1].type"),
        "a missing key": (missing, "$.phases[0]"),
    }


@pytest.mark.parametrize("name", mistakes())
def test_it_rejects(name):
    content, path = mistakes()[name]

    assert errors(method()) == []
    assert errors(content) == [path]


def test_a_file_that_extends_another_needs_no_key():
    changes = {"extends": "base.json", "phases": [{"name": "pretraining", "order": 3}]}

    assert errors(changes) == []
    assert errors({"phases": changes["phases"]}) != []


def test_a_file_that_extends_another_may_remove_keys_and_entries():
    removal = {"$remove": True}
    changes = {
        "extends": "base.json",
        "seed": removal,
        "phases": [{"name": "pretraining", **removal}, {"name": "last", "on_collapse": removal}],
    }

    assert errors(changes) == []
    wrong = deepcopy(changes)
    wrong["seed"] = {"$remove": False}
    assert errors(wrong) == ["$.seed['$remove']"]


def test_mistakes_of_a_file_that_extends_another_are_found():
    phase = {"name": "pretraining", "exit_criteria": {"iteration": 3}}

    assert errors({"extends": "base.json", "phases": [phase]}) == ["$.phases[0].exit_criteria"]
    assert errors({"extends": "base.json", "sede": 3}) == ["$"]


def test_deprecated_keys_are_accepted_and_marked():
    older = method(training_device="cpu")
    for optimizer in (o for phase in older["phases"] for o in phase["optimizers"]):
        optimizer["trained_mappings"] = optimizer.pop("trained_mapping_names", ["encoder"])
        optimizer.pop("trained_parts", None)
    older["cluster_assignment_strategy"] = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_after_phase": "pretraining",
        "classical_clustering_after_phase_method": "k_means",
        "classical_clustering_after_phase_num_restarts": 3,
    }

    assert errors(older) == []
    marked = bundled()["$defs"]["method"]["properties"]["training_device"]
    assert marked["deprecationMessage"] == "deprecated; write 'device'"


def test_a_key_with_a_deprecated_name_is_still_required():
    incomplete = method()
    name = "classical_clustering_in_feature_space_after_phase"
    incomplete["cluster_assignment_strategy"] = {"type": name}

    assert errors(incomplete) == ["$.cluster_assignment_strategy"]
