"""Method files are found once, and identified by what decides their results."""

import json
from copy import deepcopy

import pytest

from benchmarks.methods.files import ROOT, identity, method_files, refilled
from dcrf.config import load_checked
from dcrf.storage.digests import digest
from tests.cases.methods import method
from tests.unit.benchmarks.methods.cases import write_method


def identity_of(**changes):
    return identity(load_checked(method(**changes)))


def test_texts_for_people_change_nothing():
    assert identity_of(description="DEC.", references=["https://a.b"]) == identity_of()


def test_the_device_belongs_to_the_machine():
    assert identity_of(device="cpu") == identity_of(device="cuda")


def test_a_default_that_is_written_out_changes_nothing():
    assert identity_of(precision="fp32", compile=False) == identity_of()


def test_every_other_value_changes_the_digest():
    phases = deepcopy(method()["phases"])
    phases[0]["optimizers"][0]["lr"] = 0.02
    digests = {digest(identity_of(**c)) for c in ({}, {"phases": phases}, {"precision": "bf16"})}

    assert len(digests) == 3
    assert {len(text) for text in digests} == {64}


def test_the_digest_is_that_of_sorted_keys():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    # sha256 of '{"a": 1, "b": [2]}'
    assert digest({"a": 1, "b": [2]}).startswith("ae8a9a5052464275")


def test_paths_start_at_the_checkout_wherever_it_is():
    (file,) = method_files([ROOT / "configurations" / "layer_wise_pretraining"])
    (root,) = {dataset["root"] for dataset in identity(file.config)["datasets"]}

    assert root == "datasets/mnist"
    assert str(ROOT) not in json.dumps(identity(file.config))


def test_refilling_adds_the_defaults_of_new_keys_only():
    now = identity_of()
    before = deepcopy(now)
    del before["compile"]

    assert before != now
    assert refilled(before) == now
    assert refilled({**before, "compile": True}) != now


def test_folders_are_searched_without_abstract_files(tmp_path):
    write_method(tmp_path / "methods" / "b.json")
    write_method(tmp_path / "methods" / "deeper" / "a.json")
    (tmp_path / "methods" / "layers.json").write_text('{"abstract": true}')

    assert [file.stem for file in method_files([tmp_path])] == ["b", "a"]
    assert [file.stem for file in method_files([tmp_path], ["a"])] == ["a"]


def test_unknown_and_equal_names_are_refused(tmp_path):
    write_method(tmp_path / "a.json")
    with pytest.raises(ValueError, match="no file is called c; known: a"):
        method_files([tmp_path], ["c"])
    write_method(tmp_path / "b" / "a.json")

    with pytest.raises(ValueError, match="another file has the name of"):
        method_files([tmp_path])
