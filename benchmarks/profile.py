"""Where an iteration's time goes, by the parts of the loop."""

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
from dcrf.training.phase import PhaseState, compute_losses

VIEWS, LAYERS, LOSSES = "views of the batch", "layers, forward", "losses and assignments, forward"
BACKWARD, UPDATE, REPORTS = "backward", "optimizer steps", "progress bar, logs, JSON lines"

Hooked = Callable[[Callable[..., None]], RemovableHandle]
"""Has a function called at some moment, until the handle is removed."""


@dataclass
class Stopwatch:
    """Seconds by part, of one iteration."""

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
        made = ours(file, phase, settings, writer)
        writer.write(PhaseStart("data", phase, iterations))
        made.run(5)
        found = [_iteration(made) for _ in range(iterations)]
        writer.close()
    for name in ("terminal.txt", "metrics.jsonl", "log.txt"):
        if not (folder / name).stat().st_size:
            raise RuntimeError(f"nothing was written to {name}, so its time means nothing")
    middle = {part: 1e3 * median(one[part] for one in found) for part in found[0]}
    # what is rare, as a report of losses, counts with its share
    return middle | {REPORTS: 1e3 * sum(one[REPORTS] for one in found) / len(found)}


def _iteration(made: Ours) -> dict[str, float]:
    """Do what `run_phase` does in one iteration, part by part."""
    watch = Stopwatch()
    cached = made.method.cached_modules()
    with watch.part(VIEWS):
        clock, batch = next(made.batches)
    with watch.part(LOSSES), _adding_up(watch, LAYERS, _layers(made.method)):
        losses = compute_losses(made.phase.patterns, clock, batch, made.data_pass, cached)
    watch.seconds[LOSSES] -= watch.seconds[LAYERS]
    with watch.part(BACKWARD), _adding_up(watch, UPDATE, _steps(made)):
        made.phase.optimizers.step(losses, clock)
    watch.seconds[BACKWARD] -= watch.seconds[UPDATE]
    state = PhaseState(clock, {name: loss.detach() for name, loss in losses.items()})
    for hook in made.phase.hooks:
        with watch.part(REPORTS if isinstance(hook, ReportLosses | ShowProgress) else "hooks"):
            hook.after_iteration(state)
    return watch.seconds


def _layers(method: Method) -> Iterator[tuple[Hooked, Hooked]]:
    """Yield what calls a function before, and what after, each layer of the mappings."""
    for mapping in method.mappings.values():
        for layer in mapping.net:
            yield layer.register_forward_pre_hook, layer.register_forward_hook


def _steps(made: Ours) -> Iterator[tuple[Hooked, Hooked]]:
    """Yield what calls a function before, and what after, each step of the optimizers."""
    for member in made.phase.optimizers.optimizers:
        optimizer = member.optimizer
        yield optimizer.register_step_pre_hook, optimizer.register_step_post_hook


@contextmanager
def _adding_up(
    watch: Stopwatch, part: str, pairs: Iterator[tuple[Hooked, Hooked]]
) -> Iterator[None]:
    """Inside the block the time between beginnings and ends adds up in a part."""
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
