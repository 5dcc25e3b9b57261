"""A run in a process of its own that does not end by itself."""

import os
import signal
import sys
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.reporting.run_view import PlainConsole
from dcrf.runs.child_process import ChildProcess
from dcrf.runs.job import Job, Output
from dcrf.runs.run_all import run_job
from tests.cases.methods import method, result, written
from tests.cases.processes import state, until

LONG_ENOUGH = 120  # seconds for what takes a few; reached only where something hangs


@pytest.fixture
def start(tmp_path):
    """Start a run; it is gone when the test ends."""
    started = []

    def starter(content, timeout=None):
        config = load_checked(Path(written(tmp_path, content)))
        job = Job(config, 0, Output(tmp_path / "runs"), threads=1)
        child = ChildProcess(run_job, job, timeout, PlainConsole())
        started.append(child)
        return child

    yield starter
    for child in started:
        if child.process._closed is False:
            child.process.kill()
            child.process.join()


def ended(child):
    """Look until it has ended, whenever there is something to look at."""
    while (outcome := child.poll()) is None:
        wait(child.channels(), 0.1)
    return outcome


def endless():
    content = method()
    content["phases"][1]["exit_criteria"] = {"iterations": 10**9}
    return content


def test_a_run_that_ends_leaves_the_outcome_that_it_has_written_down(start, tmp_path):
    outcome = ended(start(method()))

    (folder,) = (tmp_path / "runs").glob("*/*")
    assert outcome.status == "ok"
    assert (
        outcome.datasets[0].evaluation["acc"] == result(folder)["datasets"][0]["evaluation"]["acc"]
    )


def test_what_does_not_end_when_asked_is_killed(start, monkeypatch):
    monkeypatch.setattr("dcrf.runs.child_process.GRACE", 0.1)
    child = start(endless(), timeout=0.1)
    os.kill(child.process.pid, signal.SIGSTOP)  # it hears nothing any more

    outcome = ended(child)

    assert (outcome.status, outcome.error) == ("timed out", "stopped after 0.1 s")


def test_the_third_signal_kills(start):
    child = start(endless())
    os.kill(child.process.pid, signal.SIGSTOP)

    for _ in range(3):
        child.interrupt(signal.SIGINT)

    assert ended(child).status == "interrupted"


def test_what_was_interrupted_before_its_time_was_up_stays_interrupted(start):
    child = start(endless(), timeout=LONG_ENOUGH)
    os.kill(child.pid, signal.SIGSTOP)

    child.interrupt(signal.SIGINT)
    child.deadline = 0.0

    assert ended(child).status == "interrupted"


def test_what_failed_in_its_last_moment_has_failed(start):
    content = method()
    content["phases"][0]["optimizers"][0].update(type="SGD", lr=1e30)
    child = start(content, timeout=LONG_ENOUGH)
    child.stopped = "timed out"

    assert ended(child).status == "diverged"


def test_a_signal_that_comes_after_the_end_is_nobody_s(start):
    child = start(method())
    ended(child)

    child.interrupt(signal.SIGINT)
    child.pause()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_pause_does_not_count_for_the_time(start):
    child = start(endless(), timeout=LONG_ENOUGH)
    deadline = child.deadline

    child.pause()
    until(lambda: state(child.pid) == "T")
    child.resume(50.0)
    until(lambda: state(child.pid) != "T")

    assert child.deadline == deadline + 50.0


def test_a_run_that_is_stopped_at_its_time_says_so(start):
    outcome = ended(start(endless(), timeout=1.5))

    assert outcome.status == "timed out"
    assert outcome.seconds > 0


def test_an_error_that_nobody_foresaw_is_the_run_s_own(start, tmp_path):
    (tmp_path / "runs").write_text("a file where the folder is to be")

    outcome = ended(start(method()))

    assert outcome.status == "failed"
    assert "results cannot be written" in outcome.error
