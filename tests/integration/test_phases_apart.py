"""Phases run apart, and a run that continues longer, end as if nothing had happened."""

import json
import shutil

import pytest

from dcrf.batch import Clock
from dcrf.cli.main import main
from dcrf.config import load_checked
from dcrf.errors import ConfigError
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from dcrf.runs.phase_order import BEGIN, end_after
from dcrf.runs.resume import find_existing_run
from dcrf.storage.checkpoint_folders import folders
from dcrf.training.exit_criteria import Iterations
from dcrf.training.phase import PhaseState
from tests.cases.methods import method, result, written
from tests.integration.test_resume import VARIETIES, results, two_data_sets, written_with_files

LONGER = "phases[finetuning].exit_criteria.iterations=8"


def run(folder, content, *settings, phases=None, keep=False):
    """Start or resume a run in this process, as the command line does; return its run folder."""
    config = load_checked(written_with_files(folder, content), settings)
    existing = find_existing_run(config, 0, folder)
    output = Output(
        folder,
        resume_folder=existing and existing.folder,
        keeps_checkpoints=keep,
        end=phases and end_after(config, phases, existing.position if existing else BEGIN),
        overrides=tuple(f"--set {setting}" for setting in settings),
    )
    outcome = run_method(config, 0, output)
    assert outcome.status == ("partial" if outcome.error else "ok"), outcome.error
    return next(folder.glob("tiny/[!.]*"))


def last_phase(content):
    return max(range(len(content["phases"])), key=lambda at: content["phases"][at]["order"])


@pytest.mark.parametrize("make", VARIETIES, ids=lambda make: make.__name__)
def test_phases_apart_and_then_longer_end_as_in_one_go(tmp_path, make):
    content, short = make(), make()
    last = last_phase(content)
    number = content["phases"][last]["exit_criteria"]["iterations"]
    short["phases"][last]["exit_criteria"]["iterations"] = number - 2
    others = [phase["name"] for at, phase in enumerate(content["phases"]) if at != last]
    whole = run(tmp_path / "whole", content)

    if others:
        folder = run(tmp_path / "apart", short, phases=others)
        assert result(folder)["status"] == "partial"
        assert {phase["phase"] for phase in result(folder)["phases"]} == {*others}
    folder = run(tmp_path / "apart", short, keep=True)
    assert result(folder)["phases"][-1]["iteration"] == number - 2
    run(tmp_path / "apart", content)

    assert "resumes from" in (folder / "log.txt").read_text()
    assert results(tmp_path / "apart") == results(tmp_path / "whole")
    configuration = (folder / "config.json").read_text()
    assert configuration.replace("/apart/", "/whole/") == (whole / "config.json").read_text()
    assert not folders(folder / "checkpoints")


def test_a_stopped_run_continues_the_phase_that_it_has_run(tmp_path):
    run(tmp_path / "whole", method())
    short = method()
    short["phases"][0]["exit_criteria"]["iterations"] = 2

    run(tmp_path / "apart", short, phases=["pretraining"])
    folder = run(tmp_path / "apart", method(), phases=["pretraining"])
    assert result(folder)["phases"][0]["iteration"] == 4
    run(tmp_path / "apart", method())

    assert results(tmp_path / "apart") == results(tmp_path / "whole")


def test_a_run_stops_between_data_sets(tmp_path):
    folder = run(tmp_path, two_data_sets(), phases=["pretraining"])

    assert result(folder)["error"] == "stopped before more on others"
    assert [record["dataset"] for record in result(folder)["datasets"]] == ["digits"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run with its checkpoints, and its method."""
    folder = tmp_path_factory.mktemp("finished")
    return run(folder, method(), keep=True)


def find(folder, *settings):
    return find_existing_run(load_checked(folder / "config.json", settings), 0, folder)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("phases[0].exit_criteria.iterations=9", "it was 4 when the run started, now it is 9"),
        ("phases[1].optimizers[0].lr=0.5", "it was 0.01 when the run started, now it is 0.5"),
        ("phases[1].exit_criteria.iterations=3", "finetuning has already run 4 iterations"),
        ("phases[1].exit_criteria.epochs=1", "finetuning has already run 4 iterations"),
    ],
)
def test_other_changes_of_a_finished_run_are_refused(finished, setting, words):
    with pytest.raises(ConfigError) as caught:
        find(finished, setting)

    assert words in str(caught.value)
    assert find(finished).outcome.status == "ok"


def test_a_run_without_an_intact_checkpoint_cannot_continue(finished, tmp_path):
    damaged = shutil.copytree(finished, tmp_path / "damaged")
    (folders(damaged / "checkpoints")[0] / "state.pth").write_bytes(b"")
    removed = shutil.copytree(finished, tmp_path / "removed")
    for checkpoint in folders(removed / "checkpoints"):
        shutil.rmtree(checkpoint)

    for folder in (damaged, removed):
        with pytest.raises(ConfigError) as caught:
            find(folder, LONGER)

        assert "$.phases[1].exit_criteria.iterations: it was 4 when the run" in str(caught.value)
        assert "no checkpoint before the end of the phase" in str(caught.value)
        assert "only runs with --keep_checkpoints keep it" in str(caught.value)
        assert find(folder).outcome.status == "ok"


def test_a_phase_of_thousands_of_iterations_continues(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "long")
    outcome = result(folder)
    outcome["phases"][-1]["reason"] = Iterations(12_000).reason(PhaseState(Clock(9, 12_000)))
    (folder / "result.json").write_text(json.dumps(outcome))

    assert find(folder, LONGER).outcome is None


def test_a_run_that_another_criterion_has_ended_does_not_continue(tmp_path):
    content = method()
    ratio = "performance_evaluation_cluster_reassignment_ratio_lt"
    content["phases"][1]["exit_criteria"] = {"iterations": 6, ratio: 1.0}
    folder = run(tmp_path, content, keep=True)

    with pytest.raises(ConfigError) as caught:
        find(folder, LONGER)

    assert "finetuning did not end by a number: reassignment ratio" in str(caught.value)


def test_the_command_line_runs_phases_apart_and_continues(tmp_path, capsys):
    runs = str(tmp_path / "runs")

    def call(*arguments):
        code = main([*arguments, "--output_dir", runs])
        return code, *capsys.readouterr()

    file = written(tmp_path, method())
    code, _, err = call(file, "--phases", "finetuning,pretrainin")
    assert code == 2
    assert "finetuning comes after pretraining\n    write --phases pretraining,finetuning" in err
    assert "no phase called 'pretrainin'\n    did you mean 'pretraining'?" in err
    assert not (tmp_path / "runs").exists()

    code, out, _ = call(file, "--phases", "pretraining", "--max_iterations", "3")
    (folder,) = (tmp_path / "runs/tiny").iterdir()
    assert code == 0
    assert "partial: stopped before finetuning on digits" in out
    assert "finetuning on digits, as asked; resume with: " in (folder / "log.txt").read_text()
    code, out, _ = call("--resume", str(folder), "--phases", "pretraining")
    assert (code, "has stopped before finetuning on digits, results in" in out) == (0, True)
    assert call("--resume", str(folder), "--keep_checkpoints")[0] == 0
    assert result(folder)["overrides"] == ["--max_iterations 3"]

    code, out, _ = call("--resume", str(folder), "--max_iterations", "3")
    assert (code, "is finished" in out) == (0, True)
    assert call("--resume", str(folder), "--max_iterations", "7")[0] == 0
    assert [phase["iteration"] for phase in result(folder)["phases"]] == [3, 7]
    assert result(folder)["overrides"] == ["--max_iterations 7"]


def test_a_criterion_on_a_loss_may_be_added_and_left_out(tmp_path):
    entry = {"name": "target_distribution/divergence", "patience_iterations": 99}
    of_loss = {"iterations": 6, "loss": entry}
    for criteria in ({"iterations": 4}, of_loss, {"iterations": 8}):
        content = method()
        content["phases"][1]["exit_criteria"] = criteria
        folder = run(tmp_path / "changed", content, keep=True)
        assert result(folder)["phases"][-1]["iteration"] == criteria["iterations"]

    content["phases"][1]["exit_criteria"] = {"iterations": 8}
    run(tmp_path / "whole", content)
    assert results(tmp_path / "changed") == results(tmp_path / "whole")
