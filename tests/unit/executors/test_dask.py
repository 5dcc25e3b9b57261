"""Runs on real Dask workers, on loopback, one of which is killed."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import dcrf
from dcrf.config import load_checked
from dcrf.errors import CommandLineError
from dcrf.executors.dask import Dask
from dcrf.reporting.run_view import PlainConsole
from dcrf.runs.job import Job, Output
from dcrf.runs.one_run import run_method
from dcrf.runs.run_all import run_all, run_job
from tests.cases.methods import contents, method, written

pytest.importorskip("distributed")

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the package
ENOUGH = 200  # iterations, of which a worker is killed in the first tenth


@pytest.fixture(scope="module")
def start():
    """Start a program of Dask; return it once its log has a line."""
    started = []

    def starter(module, *words, line):
        root = Path(dcrf.__file__).parents[1]
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *words],
            env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE, text=True, cwd="/",
        )  # fmt: skip
        started.append(process)
        found = next(match for text in process.stderr if (match := re.search(line, text)))
        return process, found[1]

    yield starter
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def scheduler(start):
    """The address of a scheduler."""
    words = ("--host", "127.0.0.1", "--port", "0")
    _, address = start("dask_scheduler", *words, line=r"Scheduler at:\s+(tcp://\S+)")
    return address


@pytest.fixture(scope="module")
def workers(start, scheduler):
    """Address -> worker, of two that run one run at a time."""
    words = (scheduler, "--nthreads", "1", "--no-nanny")
    line = r"Start worker at:\s+(tcp://\S+)"
    return {
        address: worker
        for worker, address in (start("dask_worker", *words, line=line) for _ in range(2))
    }


@pytest.fixture
def job(tmp_path):
    def of(seed, iterations):
        content = method()
        content["phases"][1]["exit_criteria"] = {"iterations": iterations}
        content["phases"][1]["performance_evaluation_interval"] = 10**9
        content["phases"][1]["design_patterns"][0]["loss_report_interval"] = 20
        config = load_checked(Path(written(tmp_path, content)))
        return Job(config, seed, Output(tmp_path / "runs", prefix=f"seed {seed}: "), threads=1)

    return of


class Watching(PlainConsole):
    """Keeps all lines, and does something when a run writes a line."""

    def __init__(self, begins, action):
        self.lines, self.begins, self.action = [], begins, action

    def say(self, text):
        self.lines.append(text)

    def receive(self, run, text):
        self.lines.append(f"{run}: {text}")
        if self.lines[-1].startswith(self.begins) and self.action:
            action, self.action = self.action, None
            action(self)


def folders(tmp_path):
    return {int(path.name[-1]): path for path in (tmp_path / "runs").glob("*/*")}


def worker_of(console, run):
    return next(line.split()[-1] for line in console.lines if line.startswith(f"{run}: runs on"))


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_has_the_results_of_local_runs(
    scheduler, workers, job, tmp_path
):
    jobs = [job(0, ENOUGH), job(1, 5)]
    console = Watching(
        "seed 0: finetuning  it 20 ", lambda seen: workers[worker_of(seen, "seed 0")].kill()
    )

    with Dask(console=console, dask_scheduler=scheduler) as executor:
        executor.prepare(jobs, tmp_path / "runs")
        outcomes = run_all(jobs, executor, run=run_job, at_once=executor.at_once(2))

    assert [outcome.status for outcome in outcomes] == ["ok", "ok"], console.lines
    (lost,) = [line for line in console.lines if " was lost; " in line]
    assert lost.startswith("seed 0: the worker ")
    (resumed,) = [line for line in console.lines if "resumes after it" in line]
    assert int(resumed.split()[-1]) >= 20
    for seed in (0, 1):
        own = Output(tmp_path / "local", shows_lines=False)
        alone = run_method(jobs[seed].config, seed, own)
        remote = folders(tmp_path)[seed]
        assert contents(Path(alone.folder)) == contents(remote)
    assert not list((tmp_path / "runs").glob(".*"))


def test_an_interrupt_stops_runs_with_a_checkpoint_and_starts_no_others(
    scheduler, workers, job, tmp_path
):
    jobs = [job(seed, 10**7) for seed in range(3)]  # more than there are workers
    console = Watching("seed 0: finetuning  it 20 ", lambda _: executor.interrupt(15))

    with Dask(console=console, dask_scheduler=scheduler) as executor:
        executor.prepare(jobs, tmp_path / "runs")
        outcomes = run_all(jobs, executor, run=run_job, at_once=executor.at_once(3))

    assert outcomes[0].status == "interrupted"
    assert outcomes[-1].status == "not run"
    assert list(folders(tmp_path)[0].glob("checkpoints/*/"))
    assert 2 not in folders(tmp_path)


def test_workers_of_another_version_are_named(scheduler, workers, job, tmp_path, monkeypatch):
    monkeypatch.setattr(dcrf, "__version__", "0.0.1")
    reason = r"Dask worker tcp://\S+ cannot run these jobs: it has dcrf \S+ instead of 0.0.1"

    with (
        pytest.raises(CommandLineError, match=reason),
        Dask(dask_scheduler=scheduler) as executor,
    ):
        executor.prepare([job(0, 5)], tmp_path / "runs")

    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("address", ["somewhere", "http://127.0.0.1:8786", "tcp://127.0.0.1"])
def test_an_invalid_address_is_refused(address):
    with pytest.raises(CommandLineError, match=f"--dask_scheduler {address}: expected an address"):
        Dask.check(dask_scheduler=address)


def test_a_server_that_is_no_scheduler_is_named(monkeypatch):
    monkeypatch.setattr("dcrf.executors.dask._TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:  # it accepts, and says nothing
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        with pytest.raises(CommandLineError, match=f"--dask_scheduler {address}: no Dask"):
            Dask.check(dask_scheduler=address)
