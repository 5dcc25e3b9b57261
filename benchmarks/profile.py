"""Time of an iteration by the parts of the loop."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from torch.utils.hooks import RemovableHandle

from benchmarks.ours import Ours, ours
from dcrf.reporting.records import PhaseStart
from dcrf.reporting.writers import JsonLines, LogFile, Terminal, Writers
from dcrf.training.hooks import ReportLosses, ShowProgress
from dcrf.training.method import Method
from dcrf.training.phase import PhaseState, begin_iteration, compute_losses, end_iteration

VIEWS, LAYERS, LOSSES = "views of the batch", "layers, forward", "losses and assignments, forward"
BACKWARD, UPDATE, REPORTS = "backward", "optimizer steps", "progress bar, logs, JSON lines"

Hooked = Callable[[Callable[..., None]], RemovableHandle]
"""Registers a function as a hook; the handle removes it."""


@dataclass
class Stopwatch:
    """Seconds of one iteration by part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time inside the block to a part."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - start


def shares(file: Path, phase: str, settings: list[str], folder: Path, iterations: int) -> dict:
    """Return the milliseconds of every part of an iteration: medians, and the mean of reports."""
    with (folder / "terminal.txt").open("w") as stream:
        writer = Writers(
            [
                Terminal(stream),
                JsonLines(folder / "metrics.jsonl"),
                LogFile(folder / "log.txt", timestamps=True),
            ]
        )
        training = ours(file, phase, settings, writer)
        writer.write(PhaseStart("data", phase, iterations))
        training.run(5)
        samples = [_iteration(training) for _ in range(iterations)]
        writer.close()
    for name in ("terminal.txt", "metrics.jsonl", "log.txt"):
        if not (folder / name).stat().st_size:
            raise RuntimeError(f"{name} is empty, so the time of reports is meaningless")
    medians = {part: 1e3 * median(sample[part] for sample in samples) for part in samples[0]}
    # losses are reported rarely, so a median would be 0
    return medians | {REPORTS: 1e3 * sum(sample[REPORTS] for sample in samples) / len(samples)}


def _iteration(training: Ours) -> dict[str, float]:
    """Run one iteration as `run_phase` does, and time its parts."""
    watch = Stopwatch()
    cached = training.method.cached_modules()
    with watch.part(VIEWS):
        clock, batch = next(training.batches)
    with watch.part(LOSSES), _timing(watch, LAYERS, _layers(training.method)):
        batch_of = begin_iteration(training.phase, clock, batch, training.data_pass)
        losses = compute_losses(training.phase.patterns, clock, batch_of, cached)
    watch.seconds[LOSSES] -= watch.seconds[LAYERS]
    with watch.part(BACKWARD), _timing(watch, UPDATE, _steps(training)):
        training.phase.optimizers.step(losses, clock)
        end_iteration(training.phase.patterns, clock, batch_of)
    watch.seconds[BACKWARD] -= watch.seconds[UPDATE]
    state = PhaseState(clock, {name: loss.detach() for name, loss in losses.items()})
    for hook in training.phase.hooks:
        with watch.part(REPORTS if isinstance(hook, ReportLosses | ShowProgress) else "hooks"):
            hook.after_iteration(state)
    return watch.seconds


def _layers(method: Method) -> Iterator[tuple[Hooked, Hooked]]:
    """Yield the hooks before and after the forward pass of each layer."""
    for mapping in method.mappings.values():
        for layer in mapping.net:
            yield layer.register_forward_pre_hook, layer.register_forward_hook


def _steps(training: Ours) -> Iterator[tuple[Hooked, Hooked]]:
    """Yield the hooks before and after the step of each optimizer."""
    for member in training.phase.optimizers.optimizers:
        optimizer = member.optimizer
        yield optimizer.register_step_pre_hook, optimizer.register_step_post_hook


@contextmanager
def _timing(watch: Stopwatch, part: str, pairs: Iterator[tuple[Hooked, Hooked]]) -> Iterator[None]:
    """Add the time between the hooks of each pair to a part."""
    watch.seconds[part] = 0.0
    started: list[float] = []

    def begin(*_: Any) -> None:
        started.append(time.perf_counter())

    def end(*_: Any) -> None:
        watch.seconds[part] += time.perf_counter() - started.pop()

    with ExitStack() as stack:
        for before, after in pairs:
            stack.callback(before(begin).remove)
            stack.callback(after(end).remove)
        yield
