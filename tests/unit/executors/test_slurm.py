"""Runs as jobs of submitit, on this machine: preemption by SIGUSR1, and invalid settings."""

import os
import signal
import sys
from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.errors import CommandLineError
from dcrf.executors.slurm import Slurm
from dcrf.runs.job import Job, Output
from dcrf.runs.one_run import run_method
from dcrf.runs.run_all import run_job
from tests.cases.methods import contents, method, written

submitit = pytest.importorskip("submitit")

LONG_ENOUGH = 240  # seconds; reached only if something hangs


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the package, whose jobs outlive its objects
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_preempted_run_writes_a_checkpoint_and_resumes_after_the_requeue(tmp_path):
    content = method()
    content["phases"][1]["exit_criteria"] = {"iterations": 200}
    content["phases"][1]["performance_evaluation_interval"] = 10**9
    content["phases"][1]["design_patterns"][0]["loss_report_interval"] = 20
    config = load_checked(Path(written(tmp_path, content)))
    job = Job(config, 0, Output(tmp_path / "runs", shows_lines=False), threads=1)

    with Slurm(slurm=["cluster=local"]) as executor:
        executor.prepare([job], tmp_path / "runs")
        future = executor.submit(run_job, job)
        (folder,) = (tmp_path / "runs/tiny").iterdir()
        log = folder / "log.txt"
        while not (log.exists() and "it 20 " in log.read_text()):
            with pytest.raises(TimeoutError):  # the run has not ended
                future.result(0.1)
        (slurm_job,) = executor.slurm_jobs.values()
        (process,) = children(slurm_job.job_id)
        os.kill(process, signal.SIGUSR1)
        outcome = future.result(LONG_ENOUGH)

    lines = log.read_text()
    assert outcome.status == "ok"
    assert lines.index("interrupted; resume with") < lines.index("resumes after it ")
    alone = run_method(config, 0, Output(tmp_path / "local", shows_lines=False))
    assert contents(folder) == contents(Path(alone.folder))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("partitoin=gpu", "unknown key 'partitoin'; did you mean partition?"),
        ("gpus=1", "unknown key 'gpus'; "),
        ("time=1:00:00", "--slurm time=1:00:00: expected a number"),
        ("partition", "--slurm partition: expected KEY=VALUE"),
    ],
)
def test_an_invalid_setting_is_named(setting, message):
    with pytest.raises(CommandLineError, match=message):
        Slurm.check(slurm=[setting])


def test_a_machine_without_slurm_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CommandLineError, match="no command sbatch"):
        Slurm.check()


def test_a_run_has_the_threads_of_its_cores():
    assert Slurm(slurm=["cpus_per_task=4"]).threads(16, 2) == 4
