"""The executor's interface; its processes are tested in test_child_process and test_batches."""

import signal
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.executors.local import Local
from dcrf.runs.job import Job, Output
from dcrf.runs.run_all import run_job
from tests.cases.methods import method, result, written

LONG_ENOUGH = 120  # seconds; reached only if something hangs


@pytest.fixture
def job(tmp_path):
    config = load_checked(Path(written(tmp_path, method())))
    return Job(config, 0, Output(tmp_path / "runs"), threads=1)


def raising(job):
    raise ZeroDivisionError("unexpected")


def test_a_future_has_the_outcome_of_the_run(job, tmp_path):
    with Local() as executor:
        outcome = executor.submit(run_job, job).result(LONG_ENOUGH)

    (folder,) = (tmp_path / "runs").glob("*/*")
    assert outcome.status == result(folder)["status"] == "ok"


def test_an_unexpected_error_of_a_job_is_its_outcome(job):
    with Local() as executor:
        outcome = executor.submit(raising, job).result(LONG_ENOUGH)

    assert (outcome.status, outcome.error) == ("failed", "ZeroDivisionError: unexpected")


@pytest.fixture
def sigint_is_not_ignored():
    """A shell that starts the tests in the background lets them ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint_is_not_ignored")
def test_signals_are_handled_inside_the_block_only():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGTSTP)
    before = [signal.getsignal(number) for number in numbers]

    with Local() as executor:
        inside = [signal.getsignal(number) for number in numbers]

    assert inside == [executor.interrupt, executor.interrupt, executor.pause]
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_signal_cancels_jobs_that_are_submitted_later(job, tmp_path):
    with Local() as executor:
        signal.raise_signal(signal.SIGTERM)
        future = executor.submit(run_job, job)

        with pytest.raises(CancelledError):
            future.result(LONG_ENOUGH)

    assert executor.signals == [signal.SIGTERM]
    assert not (tmp_path / "runs").exists()


def test_an_executor_that_is_shut_down_accepts_no_jobs(job):
    with Local() as executor:
        executor.shutdown()

        with pytest.raises(RuntimeError, match="shut down"):
            executor.submit(run_job, job)
