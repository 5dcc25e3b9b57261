"""Make the runs of a batch: so many at once, each after those whose files it uses."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from types import FrameType
from typing import TYPE_CHECKING

from dcrf.config.method_config import MethodConfig
from dcrf.errors import indented
from dcrf.runs.child_process import Child
from dcrf.runs.process_entry import Job, blocked_signals
from dcrf.runs.dependencies import Needs, needs
from dcrf.reporting.summary import Outcome
from dcrf.reporting.writers import say
from dcrf.training.interruption import SIGNALS

if TYPE_CHECKING:
    from dcrf.runs.one_run import Output


_HOW = {
    "out of memory": "went out of memory",
    "interrupted": "was interrupted",
    "not run": "was not run",
}
"""What has become of a run, where `has <status>` does not say so."""
_LONGEST_WAIT = 86400.0
"""Seconds; from 25 days on the system refuses to wait."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a batch is run.

    at_once: how many runs go on at the same time.
    timeout: seconds that each may take; None for as many as it takes.
    goes_on: whether others still start after one has failed.
    """

    at_once: int = 1
    timeout: float | None = None
    goes_on: bool = False


def run_batch(
    runs: "Sequence[tuple[MethodConfig, int, Output]]", rules: Rules
) -> tuple[list[Outcome], list[int]]:
    """Run methods with their seeds, each in a process of its own.

    SIGINT and SIGTERM are passed on to these, Ctrl-Z stops them too.

    Returns:
        What became of each, `not run` where the batch stopped before, or what it loads was not
        saved; the signals, in their order.
    """
    import torch  # noqa: PLC0415 - whoever has checked the methods has it

    threads = max(1, torch.get_num_threads() // rules.at_once)
    jobs = [
        Job(
            config,
            seed,
            replace(output, prefix=_prefix(config, seed, output) if rules.at_once > 1 else ""),
            threads=output.threads or threads,  # as many as a run that goes on began with
        )
        for config, seed, output in runs
    ]
    names = [(config, output.seed_in_names) for config, _, output in runs]
    batch = Batch(jobs, needs(names), rules)
    batch.run()
    outcomes = [batch.outcomes.get(n) or job.outcome("not run") for n, job in enumerate(jobs)]
    return outcomes, batch.signals


def _prefix(config: MethodConfig, seed: int, output: "Output") -> str:
    """Return what the lines of a run start with, as it is not alone."""
    its_seed = "" if output.seed_in_names is None else f", seed {seed}"
    return f"{config.name}{its_seed}: "


class Batch:
    """Runs in processes of their own.

    Args:
        jobs: the runs, in their order.
        needs: what each of them needs before it starts.
        rules: how they are run.
    """

    def __init__(self, jobs: Sequence[Job], needs: Sequence[Needs], rules: Rules) -> None:
        self.jobs, self.needs, self.rules = jobs, needs, rules
        self.waiting = list(range(len(jobs)))
        self.running: dict[int, Child] = {}
        self.outcomes: dict[int, Outcome] = {}
        self.signals: list[int] = []

    def run(self) -> None:
        """Make the runs, until all are done or the batch is to stop; fill in `outcomes`."""
        with _handled({**dict.fromkeys(SIGNALS, self._pass_on), signal.SIGTSTP: self._pause}):
            self._start()
            while self.running:
                self._wait()
                if self._collect():
                    self._start()

    def _start(self) -> None:
        """Start those that may, until so many are running at once."""
        for number in list(self.waiting):  # one pass is enough: each needs earlier ones only
            needs = self.needs[number]
            if not needs.files.keys() | needs.ended <= self.outcomes.keys():
                continue
            if missing := self._missing(needs):
                self.waiting.remove(number)
                self._note(number, self.jobs[number].outcome("not run", missing))
            else:
                self._start_one(number)

    def _start_one(self, number: int) -> None:
        with blocked_signals():  # so that no signal finds a process that is not in the table
            if self._is_stopping() or len(self.running) == self.rules.at_once:
                return
            try:
                self.running[number] = Child(self.jobs[number], self.rules.timeout)
            except (OSError, EOFError) as error:
                if self.running:  # when one of them has ended there may be room
                    return
                cause = f"no process can be started: {error}"
                self._note(number, self.jobs[number].outcome("failed", cause))
            self.waiting.remove(number)

    def _missing(self, needs: Needs) -> str | None:
        """Return why a run cannot start: what it loads may be left from an earlier batch."""
        for number, file in needs.files.items():
            if (saver := self.outcomes[number]).status != "ok":
                how = _HOW.get(saver.status, f"has {saver.status}")
                return f"needs {file} of {saver.method}, which {how}"
        return None

    def _is_stopping(self) -> bool:
        failed = any(outcome.status != "ok" for outcome in self.outcomes.values())
        return bool(self.signals) or (failed and not self.rules.goes_on)

    def _wait(self) -> None:
        children = self.running.values()
        left = min(child.deadline for child in children) - time.monotonic()
        channels = [channel for child in children for channel in child.channels()]
        wait(channels, min(max(left, 0), _LONGEST_WAIT))

    def _collect(self) -> bool:
        """Look after those that run; return whether any has ended."""
        before = len(self.running)
        for number, child in list(self.running.items()):
            if outcome := child.look():
                del self.running[number]
                self._note(number, outcome, is_known=child.received is not None)
        return len(self.running) < before

    def _note(self, number: int, outcome: Outcome, *, is_known: bool = False) -> None:
        """Take note of an outcome, and tell the user, who may know it from the run itself."""
        self.outcomes[number] = outcome
        if not is_known:
            cause = f": {outcome.error}" if outcome.error else ""
            say(indented(f"{outcome.method}  {outcome.status}{cause}"))

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self.signals.append(number)
        for child in self.running.values():
            child.interrupt(number)

    def _pause(self, number: int, frame: FrameType | None) -> None:
        """Stop with all that runs, as Ctrl-Z asks, until a shell lets this process go on."""
        start = time.monotonic()
        for child in self.running.values():
            child.pause()
        signal.raise_signal(signal.SIGSTOP)
        for child in self.running.values():
            child.go_on(time.monotonic() - start)


_Handler = Callable[[int, FrameType | None], None]


@contextmanager
def _handled(handlers: Mapping[int, _Handler]) -> Iterator[None]:
    """Handle signals inside the block, where they are not ignored."""
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handle in handlers.items():
        if before[number] != signal.SIG_IGN:
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
