"""A collapsed run says so, and ends where it is asked to."""

import json

import pytest

from dcrf.cli import main
from tests.cases.methods import digits, method, result, written


def collapsing(**changes):
    """Features are multiplied by 0 from the start, so all samples have the same."""
    made = method(name="collapsing")
    (entry,) = [m for m in made["mappings"] if m["name"] == "encoder"]
    nothing = {"function_name": "hardtanh", "min_val": 0.0, "max_val": 1e-30}
    entry["post_processing_functions"] = [nothing]
    strategy = made["cluster_assignment_strategy"]
    strategy["centroid_initialization_strategy"] = "random_feature_representations"
    made["phases"][1] |= {"performance_evaluation_interval": 1, **changes}
    return made


@pytest.mark.parametrize(("on_collapse", "iterations"), [("warn", 4), ("stop", 1)])
def test_a_collapse_is_in_log_and_result(run, on_collapse, iterations):
    folder = run(collapsing(on_collapse=on_collapse))

    found, log = result(folder), (folder / "log.txt").read_text()
    pretraining, finetuning = found["phases"]
    assert pretraining["warnings"] == []
    assert finetuning["iteration"] == iterations
    assert finetuning["reason"].startswith("collapsed: ") == (on_collapse == "stop")
    warning = "it 1: 10 of 10 centroids lie on another one"
    assert warning in finetuning["warnings"]
    assert log.count(f"finetuning  warning at {warning}\n") == 1
    (data,) = found["datasets"]
    assert "10 of 10 centroids lie on another one" in data["warnings"]
    assert "digits  final  warning: 10 of 10 centroids lie on another one\n" in log


def test_a_healthy_run_has_no_warnings(run):
    folder = run(method(datasets=[digits()]))

    found = result(folder)
    assert [part["warnings"] for part in (*found["phases"], *found["datasets"])] == [[], [], []]
    assert "warning" not in (folder / "log.txt").read_text()


def test_stopping_needs_evaluations(tmp_path, capsys):
    made = method()
    made["phases"][0]["on_collapse"] = "stop"

    assert main([written(tmp_path, made), "--validate"]) == 2

    said = capsys.readouterr().err
    assert "performance_evaluation_interval" in said
    assert "phases[0]" in said


def test_the_key_is_written_with_its_default(run):
    filled = json.loads((run(method()) / "config.json").read_text())

    assert [phase["on_collapse"] for phase in filled["phases"]] == ["warn", "warn"]
