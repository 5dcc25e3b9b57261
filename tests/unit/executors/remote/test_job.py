"""A job for another machine: its folder, and what an earlier attempt has left there."""

from dataclasses import replace
from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.executors.remote.job import RemoteJob, discard_unstarted, run_folder, run_in, with_folder
from dcrf.executors.remote.requirements import requirements_of
from dcrf.runs.job import Job, Output
from dcrf.runs.run_all import run_job
from tests.cases.methods import method, written


@pytest.fixture
def job(tmp_path):
    config = load_checked(Path(written(tmp_path, method())))
    return with_folder(Job(config, 0, Output(tmp_path / "runs", shows_lines=False), threads=1))


@pytest.fixture
def remote(job, tmp_path):
    return RemoteJob(run_job, job, None, requirements_of([job], tmp_path / "runs"))


def test_a_run_that_has_ended_is_not_repeated(remote, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # restored afterwards
    assert remote.settled() is None

    outcome = run_in(tmp_path, run_job, remote.job)

    settled = remote.settled()
    assert (settled.status, settled.folder) == ("ok", outcome.folder)
    evaluations = (each.datasets[0].evaluation["acc"] for each in (settled, outcome))
    assert len({*evaluations}) == 1


def test_a_job_that_resumes_a_run_keeps_its_folder(job):
    assert with_folder(job) is job


def test_a_machine_that_cannot_run_a_job_says_why(remote):
    needs = replace(remote.needs, version="0.0.1")

    outcome = replace(remote, needs=needs).settled()

    assert outcome.status == "failed"
    assert "cannot run it: it has dcrf 0.1.0 instead of 0.0.1" in outcome.error


def test_only_the_folder_of_a_run_that_has_not_started_is_discarded(job, tmp_path):
    discard_unstarted(job)
    assert not (tmp_path / "runs/tiny").exists()

    started = with_folder(replace(job, output=replace(job.output, resume_folder=None)))
    run_job(started)
    discard_unstarted(started)
    assert run_folder(started).is_dir()
