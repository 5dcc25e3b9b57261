"""What happens in the process of a run, and how such a process starts.

On Linux the processes are forks of a server that has imported torch and done nothing else. They
start in some hundredths of a second, and carry over neither threads nor a GPU of this process.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from dcrf.config.method_config import MethodConfig
from dcrf.errors import cause_of, status_of
from dcrf.reporting.summary import Outcome
from dcrf.training.interruption import SIGNALS

if TYPE_CHECKING:
    from dcrf.runs.one_run import Output

GRACE = 10.0
"""Seconds that a process has to end by itself before it is killed."""

_FROM_SERVER = sys.platform == "linux"  # Apple's libraries may crash in a fork, also of a server
_ROOT = Path(__file__).parents[2]
_MOMENT = 0.1
"""Seconds that a server which has been killed takes at most until it is gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is to be made.

    threads: how many torch uses.
    """

    config: MethodConfig
    seed: int
    output: "Output"
    threads: int

    def outcome(self, status: str, error: str | None = None) -> Outcome:
        """Return the outcome of a run that has left none itself."""
        return Outcome(str(self.config.source), self.config.name, self.seed, status, error=error)


def prepare() -> bool:
    """Start the server, which imports torch while this process does other things.

    Returns:
        Whether there is one now: none on other systems, or where it has no place for its socket,
        whose path may have no more than 107 bytes.
    """
    if not _FROM_SERVER:
        return False
    before = os.environ.get("PYTHONPATH")
    # the server knows no other way to find this package (until Python 3.13)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *([before] if before else [])])
    try:
        forkserver.set_forkserver_preload(["dcrf.runs.one_run"])
        with blocked_signals():
            forkserver.ensure_running()
    except OSError:
        return False
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return True


@contextmanager
def blocked_signals() -> Iterator[None]:
    """Keep SIGINT, SIGTERM and Ctrl-Z waiting; a process that starts meanwhile begins that way."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [*SIGNALS, signal.SIGTSTP])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(job: Job, results: Connection, lines: Connection | None) -> BaseProcess:
    """Start the process of a run.

    Args:
        job: the run.
        results: where its outcome goes.
        lines: where its output goes; None where it goes to where that of this process goes.

    Raises:
        OSError, EOFError: the machine has no process to give.
    """
    try:
        return _started(job, results, lines)
    except (ConnectionError, EOFError):  # somebody has killed the server
        time.sleep(_MOMENT)
        return _started(job, results, lines)


def _started(job: Job, results: Connection, lines: Connection | None) -> BaseProcess:
    context = get_context("forkserver") if prepare() else get_context("spawn")
    process = context.Process(target=_run, args=(job, results, lines))
    with blocked_signals():
        process.start()
    return process


def _run(job: Job, results: Connection, lines: Connection | None) -> None:
    """Be the process: make the run, send its outcome."""
    os.setpgid(0, 0)  # Ctrl-C reaches the process that started this one, which passes it on once
    # a group in the background gets this one as it writes
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    if lines is not None:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                os.dup2(lines.fileno(), stream.fileno())
        lines.close()
    threading.Thread(target=_follow_parent, daemon=True).start()
    outcome = _outcome(job)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):  # the process that would read it is gone
        results.send(outcome)


def _outcome(job: Job) -> Outcome:
    """Return the outcome of the run, whatever happens in Python."""
    try:
        for number in SIGNALS:
            signal.signal(number, _interrupt)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

        import torch  # noqa: PLC0415 - the server has it

        from dcrf.runs.one_run import run_method  # noqa: PLC0415

        if torch.get_num_threads() != job.threads:
            torch.set_num_threads(job.threads)
        return run_method(job.config, job.seed, job.output)
    except KeyboardInterrupt:
        return job.outcome("interrupted")
    except Exception as error:  # noqa: BLE001 - whatever it is, no other run has to do with it
        with suppress(OSError):
            traceback.print_exc()
        return job.outcome(status_of(error), cause_of(error))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _follow_parent() -> None:
    """End this process when the one that started it has ended, however that came about."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)
