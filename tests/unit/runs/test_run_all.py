"""Many runs: order, dependencies and failures, with executors of several kinds."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from threading import Barrier

import pytest

from dcrf.config import load_checked
from dcrf.executors import local
from dcrf.executors.local import Local
from dcrf.runs import run_all
from dcrf.runs.child_process import ChildProcess
from dcrf.runs.job import Job, Output
from tests.cases.methods import method, written

LONG_ENOUGH = 60  # seconds; reached only if something hangs


@pytest.fixture
def jobs(tmp_path):
    """Return the jobs of methods."""

    def of(*methods):
        configs = [load_checked(Path(written(tmp_path, m, f"{m['name']}.json"))) for m in methods]
        return [Job(config, 0, Output(tmp_path / "runs"), threads=1) for config in configs]

    return of


@pytest.fixture
def run(jobs, monkeypatch):
    """Run methods in processes; starting a process fails as often as `fails` says."""

    def runner(*methods, fails, **options):
        failures = chain(fails, repeat(False))

        class Crowded(ChildProcess):
            def __init__(self, *arguments):
                if next(failures):
                    raise BlockingIOError("too many processes")
                super().__init__(*arguments)

        monkeypatch.setattr(local, "ChildProcess", Crowded)
        with Local() as executor:
            return run_all.run_all(jobs(*methods), executor, continue_on_failure=True, **options)

    return runner


def using(name, **files):
    content = method(name=name)
    for key, file in files.items():
        keys = {"saves": "path_to_file_or_dir", "loads": "path_to_file"}
        entry = {"mapping_name": "encoder", keys[key]: file}
        content["phases"][0][f"{key.removesuffix('s')}_mapping_parameters"] = [entry]
    return content


def test_a_run_waits_for_another_to_end_if_no_process_can_be_started(run):
    first, second = run(method(name="a"), method(name="b"), fails=[False, True], at_once=2)

    assert (first.status, second.status) == ("ok", "ok")


def test_if_no_process_can_be_started_every_run_says_so(run):
    outcomes = run(using("a", loads="x.pth"), using("b", saves="x.pth"), fails=repeat(True))

    assert [outcome.status for outcome in outcomes] == ["failed", "failed"]
    assert outcomes[0].error == "no process can be started: too many processes"


def test_runs_that_need_one_that_could_not_start_say_so(run, tmp_path):
    a, c = using("a", saves="x.pth"), using("c", loads="y.pth")
    b = using("b", loads="x.pth", saves="y.pth")

    outcomes = run(a, b, c, fails=[True])

    assert [outcome.status for outcome in outcomes] == ["failed", "not run", "not run"]
    x, y = ((tmp_path / name).resolve() for name in ("x.pth", "y.pth"))
    assert outcomes[1].error == f"needs {x} of a, which has failed"
    assert outcomes[2].error == f"needs {y} of b, which was not run"


@pytest.fixture
def in_threads(jobs):
    """Run methods in a thread pool, with a function in place of the run itself."""

    def runner(function, *methods, **options):
        with ThreadPoolExecutor(4) as executor:
            return run_all.run_all(jobs(*methods), executor, run=function, **options)

    return runner


def test_any_executor_can_run_the_jobs(in_threads):
    outcomes = in_threads(lambda job: job.outcome("ok"), method(name="a"), method(name="b"))

    assert [(o.method, o.status) for o in outcomes] == [("a", "ok"), ("b", "ok")]


def test_so_many_jobs_run_at_the_same_time(in_threads):
    barrier = Barrier(2)

    def meeting(job):
        barrier.wait(LONG_ENOUGH)
        return job.outcome("ok")

    outcomes = in_threads(meeting, *(method(name=name) for name in "abcd"), at_once=2)

    assert [outcome.status for outcome in outcomes] == ["ok"] * 4


def test_an_error_of_the_executor_is_the_outcome_of_its_job(in_threads):
    def dying(job):
        if job.config.name == "a":
            raise MemoryError("worker died")
        return job.outcome("ok")

    outcomes = in_threads(dying, method(name="a"), method(name="b"), continue_on_failure=True)

    assert [outcome.status for outcome in outcomes] == ["out of memory", "ok"]
    assert outcomes[0].error == "MemoryError: worker died"


def test_after_a_failure_no_other_job_starts(in_threads):
    started = []

    def failing(job):
        started.append(job.config.name)
        return replace(job.outcome("failed"), error="x")

    outcomes = in_threads(failing, method(name="a"), method(name="b"))

    assert started == ["a"]
    assert [outcome.status for outcome in outcomes] == ["failed", "not run"]


def test_a_canceled_future_stops_the_queue(jobs):
    with Local() as executor:
        executor.interrupt(2)

        outcomes = run_all.run_all(
            jobs(method(name="a"), method(name="b")), executor, continue_on_failure=True
        )

    assert [(o.status, o.error) for o in outcomes] == [("not run", None)] * 2
