"""Start processes for runs and dry runs, and the code that runs in them.

On Linux processes are forked from a server that has imported torch and scikit-learn. A fork takes
some hundredths of a second, and inherits no threads and no GPU state of the main process.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TypeVar

from dcrf.errors import DcrfError
from dcrf.reporting.records import Outcome
from dcrf.reporting.writers import escape_unencodable
from dcrf.runs.job import Job
from dcrf.training.interruption import SIGNALS

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

GRACE = 10.0
"""Seconds for a process to end by itself before it is killed."""

_FROM_SERVER = sys.platform == "linux"  # on macOS system libraries may crash after a fork
_ROOT = Path(__file__).parents[2]
_PRELOADED = [
    "dcrf.runs.one_run",
    "dcrf.dry_run.check_method",
    "sklearn.cluster",  # takes a second
    "dcrf.report.page",
    "dcrf.runs.preloaded",
]
"""Modules that the server imports once for all its forks."""
_SERVER_EXIT = 0.1
"""Seconds until a killed server is gone."""


def start_server(also: Sequence[str] = ()) -> bool:
    """Start the server, unless it is running; it imports torch in the background.

    Args:
        also: other modules that it imports, such as that of the main script, which every fork
            imports again.

    Returns:
        Whether a server is running. It is not on other systems, or if the path of its socket
        would be longer than 107 bytes.
    """
    if not _FROM_SERVER:
        return False
    before = os.environ.get("PYTHONPATH")
    # until Python 3.13 the server can find this package only by PYTHONPATH
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *([before] if before else [])])
    try:
        resource_tracker.ensure_running()  # its start would unblock the signals below
        forkserver.set_forkserver_preload([*_PRELOADED, *also])
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
    """Block `SIGNALS` and SIGTSTP in this thread; a process started here inherits that."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [*SIGNALS, signal.SIGTSTP])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def call_in_process(function: Callable[[_Argument], _Result], argument: _Argument) -> _Result:
    """Call a function in a new process and return its result.

    Raises:
        DcrfError: the process died.
    """
    receiver, sender = Pipe(duplex=False)
    try:
        process = _start(_send_result, function, argument, sender)
    except (OSError, EOFError) as error:
        raise DcrfError(f"no process can be started: {error}") from error
    finally:
        sender.close()
    try:
        result: _Result = receiver.recv()
    except EOFError as error:
        process.join()
        raise DcrfError(f"the process of {function.__name__} {_cause(process)}") from error
    except KeyboardInterrupt:
        process.kill()
        raise
    process.join()
    return result


def _send_result(
    function: Callable[[_Argument], object], argument: _Argument, sender: Connection
) -> None:
    os.setpgid(0, 0)  # a terminal's Ctrl-C reaches the main process only, which kills this one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    escape_unencodable(sys.stdout, sys.stderr)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    result = function(argument)
    with suppress(OSError):  # the main process is gone
        sender.send(result)


def _cause(process: BaseProcess) -> str:
    code = process.exitcode or 0
    return f"died of {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"


def start(
    run: Callable[[Job], Outcome], job: Job, results: Connection, lines: Connection | None
) -> BaseProcess:
    """Start a process that calls `run(job)`.

    Args:
        run: a function at the top of a module.
        job: its argument.
        results: receives the outcome.
        lines: receives standard output and errors; None to share those of this process.

    Raises:
        OSError, EOFError: no process can be started.
    """
    return _start(_main, run, job, results, lines)


def _start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    try:
        return _start_once(target, arguments)
    except (ConnectionError, EOFError):  # the server was killed
        time.sleep(_SERVER_EXIT)
        return _start_once(target, arguments)


def _start_once(target: Callable[..., None], arguments: tuple[object, ...]) -> BaseProcess:
    if start_server():
        process: BaseProcess = get_context("forkserver").Process(target=target, args=arguments)
        process.start()  # with the server's blocked signals, after it has imported torch
        return process
    process = get_context("spawn").Process(target=target, args=arguments)
    with blocked_signals():
        process.start()
    return process


def _main(
    run: Callable[[Job], Outcome], job: Job, results: Connection, lines: Connection | None
) -> None:
    """Run the job in the new process and send its outcome."""
    os.setpgid(0, 0)  # a terminal's Ctrl-C reaches the main process only, which forwards it once
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # sent to background groups that write
    escape_unencodable(sys.stdout, sys.stderr)  # before a seekable stream becomes a pipe
    if lines is not None:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                os.dup2(lines.fileno(), stream.fileno())
        lines.close()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    outcome = _outcome(run, job)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):  # the main process is gone
        results.send(outcome)


def _outcome(run: Callable[[Job], Outcome], job: Job) -> Outcome:
    """Return the outcome of the job, whatever it raises."""
    try:
        for number in SIGNALS:
            signal.signal(number, _raise_interrupt)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return run(job)
    except KeyboardInterrupt:
        return job.outcome("interrupted")
    except Exception as error:  # noqa: BLE001 - an unexpected error must not affect other runs
        with suppress(OSError):
            traceback.print_exc()
        return job.failure(error)


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    """End this process once the main process has ended, for any reason."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)
