"""One failure stays one failure: whatever a run of a batch dies of, the others are as ever."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from itertools import dropwhile
from pathlib import Path

import numpy as np
import pytest
import torch

from dcrf.cli.main import INTERRUPTED, main
from dcrf.config import load_checked
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from tests.cases.methods import VIEW, contents, method, result, written
from tests.cases.processes import state, until

LONG_ENOUGH = 120  # seconds for what takes a few; reached only where something hangs
TIMEOUT = 8  # seconds, of which healthy runs take less than one

NO_CORES = ["sh", "-c", 'ulimit -c 0; exec "$@"', "sh"]  # a crash leaves a file else

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


@pytest.fixture
def start(start):
    """Start `main.py` on files and with flags; it is gone when the test ends."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return partial(start, through=NO_CORES, stderr=subprocess.STDOUT, env=environment)


def endless(name):
    content = method(name=name)
    content["phases"][1]["exit_criteria"] = {"iterations": 10**9}
    content["phases"][1]["performance_evaluation_interval"] = 10**9
    content["phases"][1]["design_patterns"][0]["loss_report_interval"] = 50
    return content


def diverging(name):
    content = method(name=name)
    content["phases"][0]["optimizers"][0].update(type="SGD", lr=1e30)
    return content


def hungry(name):
    """A method whose decoder asks for more memory than a process can have an address for."""
    content = method(name=name)
    content["mappings"][1]["layers"][1:1] = [
        {"type": "ConstantPad1d", "padding": [0, 2**40], "value": 0},
        {"type": "AdaptiveAvgPool1d", "output_size": 64},
    ]
    return content


def failing(name, folder):
    """A method on samples of which one is no number."""
    samples = np.zeros((60, 1, 8, 8), np.float32)
    samples[7, 0, 3, 3] = np.nan
    np.save(folder / "holed.npy", samples)
    view = {"name": "view", "transforms": [VIEW]}
    data = {"source": "npy", "dataset": "holed", "path": "holed.npy", "batch_augmentations": [view]}
    return method(name=name, datasets=[{**data, "batch_size": 20, "num_clusters": 3}])


def parents():
    """Process -> the one that started it, of all that are there."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = file.read_text().rpartition(")")
        except OSError:  # it has ended meanwhile
            continue
        found[int(file.parent.name)] = int(fields.split()[1])
    return found


def process_of_the_run(process):
    """The only process that is two below: between them is the server that it comes from."""
    found = parents()
    (only,) = (pid for pid, parent in found.items() if found.get(parent) == process.pid)
    return only


def until_training(process, name):
    """Read lines until a method reports losses of its second phase."""
    after = dropwhile(lambda line: not line.startswith(f"{name}  seed 0"), process.stdout)
    assert any(line.startswith("finetuning  it ") for line in after)


def alone(tmp_path, content, name="alone"):
    """What a run leaves that shares nothing with others: not even a process for it is started."""
    file = Path(written(tmp_path / name, content))
    assert run_method(load_checked(file), 0, Output(tmp_path / name / "runs")).status == "ok"
    (folder,) = (tmp_path / name / "runs").glob("*/*")
    return contents(folder)


def folder_of(tmp_path, name):
    (found,) = (tmp_path / "runs" / name).glob("*")
    return found


def statuses(tmp_path):
    found = json.loads((tmp_path / "runs/summary.json").read_text())
    return {run["method"]: run["status"] for run in found["runs"]}


def training(start, tmp_path, *contents_of):
    """Start a batch that goes on after failures; return it once its first method trains."""
    files = [written(tmp_path, content, f"{content['name']}.json") for content in contents_of]
    process = start(*files, "--resume_on_error")
    until_training(process, contents_of[0]["name"])
    return process


@on_linux
def test_every_way_to_end_stays_the_run_s_own(start, tmp_path):
    contents_of = {
        "failing": failing("failing", tmp_path),
        "diverging": diverging("diverging"),
        "hungry": hungry("hungry"),
        "crashing": endless("crashing"),
        "killed": endless("killed"),
        "slow": endless("slow"),
        "broken": method(color="red"),
        "healthy": method(name="healthy"),
        "stopped": endless("stopped"),
        "unreached": method(name="unreached"),
    }
    files = [written(tmp_path, content, f"{n}.json") for n, content in contents_of.items()]

    process = start(*files, "--resume_on_error", "--timeout", str(TIMEOUT))
    until_training(process, "crashing")
    os.kill(process_of_the_run(process), signal.SIGSEGV)
    until_training(process, "killed")
    os.kill(process_of_the_run(process), signal.SIGKILL)
    until_training(process, "stopped")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=LONG_ENOUGH)

    assert process.returncode == INTERRUPTED
    assert "Traceback" not in out
    assert statuses(tmp_path) == {
        "failing": "failed",
        "diverging": "diverged",
        "hungry": "out of memory",
        "crashing": "crashed",
        "killed": "out of memory",
        "slow": "timed out",
        "healthy": "ok",
        "stopped": "interrupted",
        "unreached": "not run",
        "broken": "invalid",
    }
    for cause in (
        "crashing, seed 0, crashed: died of SIGSEGV (Segmentation fault)",
        "killed, seed 0, out of memory: killed by SIGKILL, possibly by the system for lack of",
        "slow, seed 0, timed out: stopped after 8.0 s",
        "broken, invalid: ",
    ):
        assert f"\n{cause}" in out
    assert contents(folder_of(tmp_path, "healthy")) == alone(tmp_path, contents_of["healthy"])


@pytest.mark.slow
@on_linux
def test_a_batch_goes_on_without_the_server_that_its_runs_came_from(start, tmp_path):
    process = training(start, tmp_path, endless("first"), method(name="second"))
    first = process_of_the_run(process)

    os.kill(parents()[first], signal.SIGKILL)
    out, _ = process.communicate(timeout=LONG_ENOUGH)

    assert statuses(tmp_path) == {"first": "crashed", "second": "ok"}
    assert "first, seed 0, crashed: killed because the server that forked it died" in out
    assert state(first) in (None, "Z")


@pytest.mark.slow
@on_linux
def test_ctrl_z_stops_the_runs_and_they_go_on(start, tmp_path):
    process = start(written(tmp_path, endless("paused")))
    until_training(process, "paused")
    run = process_of_the_run(process)

    process.send_signal(signal.SIGTSTP)
    until(lambda: (state(process.pid), state(run)) == ("T", "T"))
    process.send_signal(signal.SIGCONT)
    assert any(line.startswith("finetuning  it ") for line in process.stdout)
    until(lambda: state(run) != "T")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONG_ENOUGH)

    assert process.returncode == INTERRUPTED
    assert statuses(tmp_path) == {"paused": "interrupted"}


def servers(process):
    """The servers that a process has started."""
    for pid, parent in parents().items():
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if parent == process.pid and b"forkserver" in command:
                yield pid


@on_linux
def test_ctrl_c_during_the_check_of_the_files_prints_nothing(start, tmp_path):
    written(tmp_path, method())
    process = start("method.json", through=["setsid"], stderr=subprocess.STDOUT)

    until(lambda: list(servers(process)))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, _ = process.communicate(timeout=LONG_ENOUGH)

    assert (process.returncode, out) == (INTERRUPTED, "")


IN_A_TERMINAL = """
import os, pty, sys
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
pty.spawn(["sh", "-c", 'stty tostop; exec "$@"', "sh", *sys.argv[1:]])
"""


@pytest.mark.slow
@on_linux
def test_a_terminal_that_stops_what_writes_in_the_background_does_not_stop_runs(start, tmp_path):
    process = start(written(tmp_path, method()), through=[sys.executable, "-c", IN_A_TERMINAL])

    process.communicate(timeout=LONG_ENOUGH)

    assert statuses(tmp_path) == {"tiny": "ok"}


@pytest.mark.slow
def test_a_long_name_of_the_temporary_folder_stops_nothing(start, tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}

    process = start(written(tmp_path, method()), env=environment)
    out, _ = process.communicate(timeout=LONG_ENOUGH)

    assert process.returncode == 0, out


def test_a_run_does_not_outlive_who_started_it(start, tmp_path):
    process = start(written(tmp_path, endless("orphan")))
    until_training(process, "orphan")

    process.kill()
    process.communicate(timeout=LONG_ENOUGH)  # until nobody is left who could write a line

    assert result(folder_of(tmp_path, "orphan"))["status"] == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_batch_that_is_terminated_says_so(start, tmp_path, number):
    process = start(written(tmp_path, endless("stopped")), "--output_dir", "elsewhere")
    until_training(process, "stopped")

    process.send_signal(number)
    process.communicate(timeout=LONG_ENOUGH)

    assert process.returncode == 128 + number
    assert list(tmp_path.glob("elsewhere/stopped/*/checkpoints/*/"))
    found = json.loads((tmp_path / "elsewhere/summary.json").read_text())
    assert found["counts"] == {"interrupted": 1}


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Call the command line in an empty folder; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def caller(*arguments):
        return main(list(arguments)), *capsys.readouterr()

    return caller


def test_runs_at_once_are_those_of_their_own_and_have_lines_of_their_own(call, tmp_path):
    names = ("one", "two", "three")
    files = [written(tmp_path, method(name=name), f"{name}.json") for name in names]

    code, out, _ = call(*files, "--jobs", "2", "--one_log_file", "all.log", "--no_log_timestamps")

    assert code == 0
    lines = out.split("\n\n")[0].splitlines()
    assert {line.split(": ")[0] for line in lines} == set(names)
    assert sorted((tmp_path / "all.log").read_text().splitlines()) == sorted(lines)
    assert "one: digits  final  ACC " in out
    for name in names:
        expected = alone(tmp_path, method(name=name), f"alone-{name}")
        assert contents(folder_of(tmp_path, name)) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "expected"), [("1", {4}), ("9", {2})])
def test_threads_are_divided_among_the_runs_at_once(start, tmp_path, jobs, expected):
    files = [written(tmp_path, method(name=name), f"{name}.json") for name in ("one", "two")]
    # MKL_DYNAMIC would limit threads to the number of cores
    environment = {**os.environ, "OMP_NUM_THREADS": "4", "MKL_DYNAMIC": "FALSE"}

    process = start(*files, "--jobs", jobs, "--max_iterations", "1", env=environment)
    process.communicate(timeout=LONG_ENOUGH)

    found = [json.loads(f.read_text()) for f in (tmp_path / "runs").glob("*/*/environment.json")]
    assert len(found) == 2
    assert {environment["threads"] for environment in found} == expected


def saving(name="saving", **changes):
    """A method that saves its encoder at its end."""
    content = method(name=name, **changes)
    content["phases"][1]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file_or_dir": "saved.pth"}
    ]
    return content


def loading(name="loading"):
    """A method of one iteration, which changes nothing in the encoder that it loads."""
    content = method(name=name)
    content["phases"] = [{**content["phases"][0], "exit_criteria": {"iterations": 1}}]
    content["phases"][0]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": "saved.pth"}
    ]
    content["phases"][0]["optimizers"][0]["lr"] = 0.0
    content["cluster_assignment_strategy"] = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_in_feature_space_after_phase": "pretraining",
    }
    return content


def test_what_loads_a_file_waits_for_what_saves_it(call, tmp_path):
    files = [written(tmp_path, c, f"{c['name']}.json") for c in (saving(), loading())]

    code, out, _ = call(*files, "--jobs", "2")

    assert code == 0, out
    saved = torch.load(tmp_path / "saved.pth", weights_only=True)
    (file,) = folder_of(tmp_path, "loading").glob("parameters/*_encoder.safetensors")
    loaded = torch.load(file, weights_only=True)
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


def test_a_run_may_take_longer_than_the_system_waits(call, tmp_path):
    code, out, _ = call(written(tmp_path, method()), "--timeout", "1e8")

    assert code == 0, out


def test_what_loads_a_file_does_without_none_that_is_left_from_before(call, tmp_path):
    files = [written(tmp_path, c, f"{c['name']}.json") for c in (saving(), loading())]
    assert call(files[0])[0] == 0
    failed = saving()
    failed["phases"][0]["optimizers"][0].update(type="SGD", lr=1e30)
    last = written(tmp_path, method(name="last"), "last.json")

    code, out, _ = call(
        written(tmp_path, failed, "saving.json"), *files[1:], last, "--resume_on_error"
    )

    assert code == 1
    assert statuses(tmp_path) == {"saving": "diverged", "loading": "not run", "last": "ok"}
    file = (tmp_path / "saved.pth").resolve()
    assert f"\nloading, seed 0, not run: needs {file} of saving, which has diverged" in out


@pytest.mark.slow
@on_linux
def test_a_run_that_somebody_else_stops_does_not_stop_the_others(start, tmp_path):
    process = training(start, tmp_path, endless("stopped"), method(name="healthy"))

    os.kill(process_of_the_run(process), signal.SIGTERM)
    out, _ = process.communicate(timeout=LONG_ENOUGH)

    assert process.returncode == 1
    assert statuses(tmp_path) == {"stopped": "crashed", "healthy": "ok"}
    assert (
        "stopped, seed 0, crashed: stopped by a signal from another process; resume it with" in out
    )


def test_files_that_do_not_go_together_leave_the_others_alone(call, tmp_path):
    missing = method(name="missing")
    missing["phases"][0]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": "nowhere.pth"}
    ]
    files = [written(tmp_path, c, f"{c['name']}.json") for c in (missing, method())]

    code, _, err = call(*files, "--resume_on_error")

    assert code == 1
    assert "nowhere.pth" in err
    assert statuses(tmp_path) == {"missing": "invalid", "tiny": "ok"}


def test_where_no_file_can_be_used_there_is_no_batch(call, tmp_path):
    code, _, err = call(written(tmp_path, method(color="red")), "--resume_on_error")

    assert code == 2
    assert "nothing was run" in err
    assert not (tmp_path / "runs").exists()


def test_a_summary_that_cannot_be_written_is_a_failure_that_says_so(call, tmp_path):
    (tmp_path / "runs/summary.json").mkdir(parents=True)

    code, out, err = call(written(tmp_path, method()))

    assert code == 1
    assert "  ok  " in out
    assert err.startswith("summary.json cannot be written: ")
