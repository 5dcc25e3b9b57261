"""Runs that keep the epoch with the lowest loss, or end once a loss stops falling."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from tests.cases.methods import adam, digits, method, records, written

EPOCH = 4  # iterations
RISING = {"schedule": "step", "values": {"0": 1.0, "2": 9.0}, "unit": "epoch"}


def keeping(keep, iterations=4 * EPOCH):
    """Fine-tuning whose second epoch has the lowest loss: afterwards its weights are larger."""
    content = method(datasets=[digits(drop_last=True)])
    second = content["phases"][1]
    save = {"part_name": "encoder", "path_to_file_or_dir": "kept.safetensors"}
    second |= {"exit_criteria": {"iterations": iterations}, "keep": keep}
    second |= {"save_parameters": [{**save, "saving_interval": 1}]}
    second["optimizers"] = [{**adam("encoder"), "optimizes_centroids": True}]
    for pattern in second["design_patterns"]:
        pattern["loss_weight"] = RISING
    return content


def run(folder, content):
    folder.mkdir()
    outcome = run_method(load_checked(Path(written(folder, content))), 0, Output(folder))
    assert outcome.status == "ok", outcome.error
    (log,) = folder.glob("tiny/*/log.txt")
    return outcome, log.read_text()


def test_the_epoch_with_the_lowest_loss_is_kept_and_saved(tmp_path):
    outcome, log = run(tmp_path / "kept", keeping("lowest_loss"))
    run(tmp_path / "cut", keeping("last", 2 * EPOCH))
    kept, cut = (load_file(tmp_path / name / "kept.safetensors") for name in ("kept", "cut"))

    assert "finetuning  keeps the parameters after epoch 2, mean loss" in log
    assert all(torch.equal(kept[name], cut[name]) for name in cut)
    (parameters,) = (tmp_path / "kept").glob("tiny/*/parameters/*encoder.safetensors")
    assert all(torch.equal(value, kept[name]) for name, value in load_file(parameters).items())
    assert f"{outcome.phases[1].loss:.4g}" in log


def test_a_loss_ends_a_phase_without_labels(tmp_path):
    content = method()
    loss = {"name": "reconstruction/reconstruction", "patience_iterations": 4, "min_delta": 1e9}
    content["phases"][0]["exit_criteria"] = {"iterations": 100, "loss": loss}

    outcome, _ = run(tmp_path / "run", content)

    assert outcome.phases[0].iteration == 2 * EPOCH
    assert not outcome.label_informed
    assert "has stopped falling: lowest mean" in outcome.phases[0].reason


def test_an_unknown_loss_gets_a_suggestion(tmp_path):
    content = method()
    loss = {"name": "reconstruction/reconstructoin", "patience_iterations": 4}
    content["phases"][0]["exit_criteria"] = {"iterations": 100, "loss": loss}

    with pytest.raises(ConfigError) as caught:
        check(load_checked(content))

    (problem,) = caught.value.problems
    assert problem.path == "$.phases[0].exit_criteria.loss.name"
    assert re.search("did you mean 'reconstruction/reconstruction'", problem.remedy)


def test_scheduled_values_are_reported_beside_the_losses(tmp_path):
    content = keeping("last", iterations=9)
    content["phases"][1]["gradient_clipping"] = {
        "norm": {"schedule": "linear", "from": 1, "to": 2, "end_iteration": 8}
    }
    content["phases"][1]["design_patterns"] = content["phases"][1]["design_patterns"][:1]
    content["phases"][1]["design_patterns"][0]["loss_report_interval"] = 4
    _, log = run(tmp_path / "run", content)

    (folder,) = (tmp_path / "run").glob("tiny/*")
    reported = [r for r in records(folder) if r["kind"] == "schedules"]
    weight, norm = "target_distribution/weight", "gradient_clipping/norm"
    assert [(r["iteration"], r["values"]) for r in reported] == [
        (4, {norm: 1.375, weight: 1.0}),
        (8, {norm: 1.875, weight: 1.0}),
    ]
    assert "finetuning  it 4  gradient_clipping/norm 1.375  target_distribution/weight 1" in log
