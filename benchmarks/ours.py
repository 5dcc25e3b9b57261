"""A phase of a configuration in dcrf, run a few iterations at a time."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from torch import nn

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.builder import RunContext, build_plans
from dcrf.config import load_checked
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writer, Writers
from dcrf.runs.run_files import RunFiles
from dcrf.training.interfaces import Evaluator
from dcrf.training.method import Method
from dcrf.training.phase import Phase, PhaseState, run_phase
from dcrf.training.plans import DatasetPlan, PhasePlan


@dataclass
class Ours:
    """A phase in dcrf, ready to train."""

    phase: Phase
    method: Method
    data_pass: DatasetPass
    evaluator: Evaluator
    batches: Iterator[tuple[Clock, Batch]]

    def run(self, iterations: int) -> list[float]:
        """Continue training; return the seconds of each iteration with its batch and hooks."""
        seconds: list[float] = []
        batches = _timed(islice(self.batches, iterations), seconds)
        run_phase(self.phase, batches, self.data_pass, self.method.cached_modules())
        return seconds

    def encoder_passes(self, share: bool) -> int:
        """Return the number of encoder passes in one iteration, with or without the cache."""
        calls: list[nn.Module] = []
        layer = self.method.mappings["encoder"].net[0]
        handle = layer.register_forward_hook(lambda *_: calls.append(layer))
        cached = self.method.cached_modules() if share else []
        run_phase(self.phase, islice(self.batches, 1), self.data_pass, cached)
        handle.remove()
        return len(calls)


def plans(
    file: Path, phase: str, settings: Sequence[str] = (), writer: Writer | None = None
) -> tuple[DatasetPlan, PhasePlan]:
    """Return the plans of the first data set that has this phase, and of the phase in it."""
    config = load_checked(file, settings)
    files = RunFiles(Path("unused"), config.name)
    context = RunContext(config, RandomStreams(0), "cpu", writer or Writers([]), files)
    return next((d, p) for d in build_plans(context) for p in d.phases if p.name == phase)


def ours(
    file: Path, phase: str, settings: Sequence[str] = (), writer: Writer | None = None
) -> Ours:
    """Build a phase as `main.py` would, with settings in the form of `--set`."""
    dataset, plan = plans(file, phase, settings, writer)
    return started(dataset, plan)


def started(dataset: DatasetPlan, plan: PhasePlan) -> Ours:
    """Open the data, build the method and prepare it for the phase."""
    source, method = dataset.open(), dataset.make_method()
    evaluator, data_pass = dataset.make_evaluator(method, source), method.pass_over(source)
    plan.prepare(method, data_pass)
    method.train()
    phase = plan.make(method, data_pass, evaluator)
    return Ours(phase, method, data_pass, evaluator, source.batches(phase.view_names, plan.name))


def trained(
    file: Path,
    settings: Sequence[str],
    between_iterations: Callable[[str, int, Method], None],
) -> Method:
    """Train the phases on the first data set that has any, as a run does, without a run folder.

    Args:
        file: of the method.
        settings: in the form of `--set`.
        between_iterations: called after every iteration of a phase with its name, the iteration and
            the method.
    """
    config = load_checked(file, settings)
    files = RunFiles(Path("unused"), config.name)
    context = RunContext(config, RandomStreams(config.seed or 0), "cpu", Writers([]), files)
    dataset = next(plan for plan in build_plans(context) if plan.phases)
    source, method = dataset.open(), dataset.make_method()
    evaluator, data_pass = dataset.make_evaluator(method, source), method.pass_over(source)
    for plan in dataset.phases:
        plan.prepare(method, data_pass)
        method.train()
        phase = plan.make(method, data_pass, evaluator)

        def look(state: PhaseState, name: str = plan.name) -> None:
            between_iterations(name, state.clock.iteration, method)

        batches = source.batches(phase.view_names, plan.name)
        cached = method.cached_modules()
        run_phase(phase, batches, data_pass, cached, between_iterations=look, before_end=look)
    return method


def _timed(batches: Iterator, seconds: list[float]) -> Iterator:
    while True:
        start = time.perf_counter()
        try:
            item = next(batches)
        except StopIteration:
            return
        yield item
        seconds.append(time.perf_counter() - start)
