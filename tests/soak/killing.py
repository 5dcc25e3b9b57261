"""Kill and resume runs, each in a forked process, so that torch is imported only once.

So is scikit-learn, which k-means imports when a run needs it.
"""

import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import sklearn.cluster  # noqa: F401 - for the forks
import torch

from dcrf.config import load_checked
from dcrf.config.method_config import MethodConfig
from dcrf.dry_run.shapes import sample_shapes
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from dcrf.runs.resume import find_existing_run
from dcrf.runs.run_folder import is_run_folder

KILLED = -signal.SIGKILL
RESULTS = (
    *("metrics.jsonl", "result.json", "parameters/*", "clusters/*", "examples/*", "profiles/*"),
    "reclusterings/*",
)


@dataclass(frozen=True)
class Case:
    """A method file with its settings."""

    file: Path
    settings: tuple[str, ...] = ()
    interval: int | None = None

    def load(self) -> MethodConfig:
        return load_checked(self.file, self.settings, shapes_of=sample_shapes)


@dataclass(frozen=True)
class At:
    """Kills the process in the n-th call, from 1, of a function `dcrf.x.y:Class.name`."""

    function: str
    call: int
    after: bool = False

    def arm(self) -> None:
        module, _, path = self.function.partition(":")
        owner = importlib.import_module(module)
        *classes, name = path.split(".")
        for part in classes:
            owner = getattr(owner, part)
        original, calls = getattr(owner, name), 0

        def counted(*arguments, **named):
            nonlocal calls
            calls += 1
            if calls == self.call and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            value = original(*arguments, **named)
            if calls == self.call:
                os.kill(os.getpid(), signal.SIGKILL)
            return value

        setattr(owner, name, counted)


@dataclass(frozen=True)
class After:
    """Kills the process after a number of seconds."""

    seconds: float

    def arm(self) -> None:
        pass


def run(case: Case, folder: Path, moment: At | After | None = None) -> int:
    """Start or resume a run; return the exit code of its process, or minus its signal."""
    config = case.load()
    child = os.fork()
    if child == 0:
        os._exit(_guarded(lambda: _run(case, config, folder, moment), folder))
    if isinstance(moment, After):
        time.sleep(moment.seconds)
        os.kill(child, signal.SIGKILL)  # `waitpid` also takes a process that has ended by now
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def results(folder: Path) -> dict[str, bytes]:
    """Return the files of the run in a folder that must not depend on kills, by name."""
    (run_folder,) = filter(is_run_folder, folder.glob("*/[!.]*"))
    files = [file for pattern in RESULTS for file in run_folder.glob(pattern)]
    saved = [file for file in folder.glob("saved/**/*") if file.is_file()]
    return {
        **{str(file.relative_to(run_folder)): file.read_bytes() for file in files},
        **{str(file.relative_to(folder)): file.read_bytes() for file in saved},
    }


def _run(case: Case, config: MethodConfig, folder: Path, moment: At | After | None) -> int:
    torch.set_num_threads(1)
    if moment is not None:
        moment.arm()
    output = Output(folder, checkpoint_interval=case.interval)
    existing = find_existing_run(config, 0, folder)
    if existing and existing.outcome:  # killed after its results were complete
        return 0
    outcome = run_method(config, 0, replace(output, resume_folder=existing and existing.folder))
    return 0 if outcome.status == "ok" else 1


def _guarded(action: Callable[[], int], folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        return action()
    except Exception:  # noqa: BLE001 - it must not reach the parent's code
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
