"""One run in several processes, as torchrun starts them."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from dcrf.cli.find_files import ROOT
from dcrf.cli.main import main
from dcrf.runs.launched import Launched, launched
from tests.cases.launched import exit_codes, launch
from tests.cases.methods import ENCODER, digits, method, records, result, written
from tests.cases.processes import until

QUIET = ("--no_report", "--quiet")
LAYERS = [
    {"type": "Flatten"},
    {"type": "Linear", "in_features": 64, "out_features": 16},
    {"type": "BatchNorm1d", "num_features": 16},
    {"type": "Dropout", "p": 0.2},
    {"type": "Linear", "in_features": 16, "out_features": 5},
]
VARIABLES = {"RANK": "1", "WORLD_SIZE": "4", "MASTER_ADDR": "here", "MASTER_PORT": "1"}


def content(folder, **changes):
    """A method with batch norm, dropout, an odd batch, and a file between its phases."""
    whole = method(datasets=[digits(batch_size=51)], **changes)
    whole["mappings"][0] = {**ENCODER, "layers": LAYERS}
    for phase in whole["phases"]:
        # Adam would divide rounding errors by themselves where gradients are 0
        phase["optimizers"][0] |= {"type": "SGD"}
    file = str(folder / "encoder.pth")
    pretraining, finetuning = whole["phases"]
    pretraining["save_parameters"] = [{"part_name": "encoder", "path_to_file_or_dir": file}]
    finetuning["load_parameters"] = [{"part_name": "encoder", "path_to_file": file}]
    return whole


def endless(folder):
    """A method whose first phase has more iterations than a test waits for."""
    whole = content(folder)
    whole["phases"][0]["exit_criteria"]["iterations"] = 10**6
    return whole


def in_two(folder, *arguments):
    """Run `main.py` in two processes that end well."""
    folder.mkdir()
    codes = exit_codes(launch(folder, *arguments, "--output_dir", folder, *QUIET))
    assert codes == [0, 0], [file.read_text() for file in folder.glob("*.txt")]


def run_folder(folder):
    (found,) = folder.glob("*/*/")
    return found


def assert_equal(one, other):
    """Compare results in float32, whose last digits depend on the number of rows of a product."""
    for record, its in zip(records(one), records(other), strict=True):
        assert numbers_of(its) == pytest.approx(numbers_of(record), rel=1e-5, abs=1e-5)
    clusters = [
        [line.split(",")[:2] for line in (folder / "clusters/digits.csv").read_text().split()]
        for folder in (one, other)
    ]
    assert clusters[0] == clusters[1]
    files = sorted((one / "parameters").glob("*.safetensors"))
    assert files
    for file in files:
        tensors, others = load_file(file), load_file(other / "parameters" / file.name)
        torch.testing.assert_close(others, tensors, rtol=1e-5, atol=1e-6)


def numbers_of(value, path=""):
    """The numbers in a record, by their places."""
    if isinstance(value, dict):
        inner = [numbers_of(v, f"{path}/{key}") for key, v in value.items()]
        return {place: number for numbers in inner for place, number in numbers.items()}
    return {path: value} if isinstance(value, (int, float)) else {}


@pytest.mark.slow
def test_two_processes_equal_one_which_resumes_them(run, tmp_path):
    one = run(content(tmp_path))
    file = written(tmp_path, content(tmp_path))

    in_two(tmp_path / "two", file, "--save_features", "--save_moments", "2")
    two = run_folder(tmp_path / "two")
    assert_equal(one, two)
    assert {path.name for path in (two / "features").iterdir()} == {
        "digits-finetuning.npy",
        "digits-pretraining.npy",
    }
    assert (two / "moments/digits/pretraining-2.npy").exists()

    in_two(tmp_path / "first", file, "--phases", "pretraining")
    two = run_folder(tmp_path / "first")
    assert result(two)["status"] == "partial"
    assert main([str(two), "--resume", "--output_dir", str(tmp_path / "first"), *QUIET]) == 0
    assert_equal(one, two)


def test_a_signal_stops_all_processes_behind_a_checkpoint(run, tmp_path):
    file = written(tmp_path, endless(tmp_path))
    first, second = processes = launch(
        tmp_path, file, "--output_dir", tmp_path / "runs", *QUIET, "--checkpoint_interval", "1"
    )
    until(lambda: list(tmp_path.glob("runs/*/*/checkpoints/000002")))
    os.kill(second.pid, signal.SIGINT)  # torchrun passes it to every process
    os.kill(first.pid, signal.SIGINT)

    assert exit_codes(processes) == [130, 1]
    begun = run_folder(tmp_path / "runs")
    assert result(begun)["status"] == "interrupted"
    last = max((begun / "checkpoints").glob("0*"))
    assert records(begun)[-1]["iteration"] <= int(last.name)  # a checkpoint in each iteration


def test_the_death_of_a_process_ends_the_others_with_a_message(tmp_path):
    file = written(tmp_path, endless(tmp_path))
    processes = launch(
        tmp_path, file, "--output_dir", tmp_path / "runs", *QUIET, "--checkpoint_interval", "1"
    )
    until(lambda: list(tmp_path.glob("runs/*/*/checkpoints/000002")))
    processes[1].kill()

    assert exit_codes(processes) == [1, -signal.SIGKILL]
    ended = result(run_folder(tmp_path / "runs"))
    assert ended["status"] == "failed"
    assert "another process of this run has ended" in ended["error"]


def test_a_failure_of_the_method_ends_all_processes(tmp_path):
    whole = content(tmp_path)
    whole["phases"][0]["optimizers"][0]["lr"] = 1e30
    file = written(tmp_path, whole)

    codes = exit_codes(launch(tmp_path, file, "--output_dir", tmp_path / "runs", *QUIET))

    assert codes == [1, 1]
    assert result(run_folder(tmp_path / "runs"))["status"] == "diverged"


def test_only_a_whole_set_of_variables_means_several_processes():
    assert launched({}) is None
    assert launched({"WORLD_SIZE": "2"}) is None
    assert launched({**VARIABLES, "WORLD_SIZE": "1", "RANK": "0"}) is None
    assert launched({**VARIABLES, "LOCAL_RANK": "0"}) == Launched(rank=1, size=4, local_rank=0)


@pytest.mark.parametrize(
    "flags", [["--jobs", "2"], ["--timeout", "9"], ["--resume_on_error"], ["--validate"]]
)
def test_flags_that_need_another_process_are_refused(tmp_path, monkeypatch, capsys, flags):
    for name, value in {**VARIABLES, "RANK": "0"}.items():
        monkeypatch.setenv(name, value)

    assert main([written(tmp_path, method()), *flags]) == 2
    assert "torchrun" in capsys.readouterr().err


@pytest.mark.slow
def test_torchrun_starts_and_resumes_runs(run, tmp_path):
    file, script = written(tmp_path, content(tmp_path)), str(ROOT / "main.py")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    flags = ["--output_dir", str(tmp_path / "two"), *QUIET]
    subprocess.run(
        [*torchrun, script, file, *flags, "--phases", "pretraining"], cwd=tmp_path, check=True
    )
    two = run_folder(tmp_path / "two")

    assert main([str(two), "--resume", *flags]) == 0
    one = run(content(tmp_path))
    assert_equal(one, two)

    begun = run(content(tmp_path), "--phases", "pretraining")
    subprocess.run([*torchrun, script, begun, "--resume", *flags], cwd=tmp_path, check=True)
    assert_equal(one, begun)
