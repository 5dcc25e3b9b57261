"""Results are read from run folders of real runs."""

import json
import shutil

import pytest

import dcrf
from dcrf.errors import DataError
from dcrf.reproduction.seed_result import OWN, machine_of, seed_result
from tests.cases.methods import method


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    content = method(reclusterings=[{"name": "codes", "clustering": "k_means"}])
    folder = tmp_path_factory.mktemp("runs")
    return dcrf.run(content, seed=3, device="cpu", output_dir=folder)


@pytest.fixture
def run(ran, tmp_path):
    """A copy of the run folder."""
    return shutil.copytree(ran.folder, tmp_path / ran.folder.name)


def test_a_result_is_that_of_the_run(ran):
    result = seed_result(ran.folder)

    scores = ran.scores["digits"]
    assert result.scores[OWN] == {name: round(scores[name], 5) for name in ("acc", "nmi", "ari")}
    assert result.scores["codes"]["acc"] == round(ran.reclusterings["digits"]["codes"]["acc"], 5)
    assert (result.seed, result.n_samples) == (3, 200)
    assert result.iterations == {"pretraining": 4, "finetuning": 4}
    assert not result.label_informed
    timing = json.loads((ran.folder / "timing.json").read_text())
    assert result.hours == pytest.approx(sum(timing.values()) / 3600, abs=1e-4)
    assert "cores, " in result.machine
    commit = json.loads((ran.folder / "environment.json").read_text())["commit"]
    assert commit is None or result.version.endswith(f"commit {commit[:10]}")
    assert ran.folder.name.startswith(result.date)


def test_curves_are_those_of_evaluations_in_training(ran):
    curves = seed_result(ran.folder).curves

    (finetuning,) = curves.values()
    assert [iteration for iteration, _ in finetuning["acc"]] == [2, 4]
    assert set(finetuning) == {"acc", "nmi", "ari"}


def test_long_curves_are_thinned_with_both_ends(run):
    records = [
        {
            "kind": "evaluation",
            "dataset": "digits",
            "phase": "finetuning",
            "iteration": number,
            "evaluation": {"acc": number / 1000, "n_samples": 5},
        }
        for number in range(1, 1001)
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (run / "metrics.jsonl").write_text(lines)

    curve = seed_result(run).curves["finetuning"]["acc"]

    assert len(curve) == 60
    assert (curve[0], curve[-1]) == ((1, 0.001), (1000, 1.0))


@pytest.mark.parametrize("status", ["interrupted", "diverged"])
def test_a_run_without_a_result_is_refused(status, run):
    file = run / "result.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "status": status}))

    with pytest.raises(DataError, match=status):
        seed_result(run)


def test_a_run_without_labels_is_refused(run):
    file = run / "result.json"
    content = json.loads(file.read_text())
    for name in ("acc", "nmi", "ari"):
        content["datasets"][0]["evaluation"][name] = None
    file.write_text(json.dumps(content))

    with pytest.raises(DataError, match="no scores against labels"):
        seed_result(run)


def test_a_machine_says_what_is_known():
    environment = {"processor": "EPYC", "processors": 2, "threads": 1, "packages": {"torch": "2"}}

    assert machine_of(environment) == "EPYC, 2 cores, 1 thread, torch 2"
    assert machine_of({}) == ""
