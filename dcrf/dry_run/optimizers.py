"""Build optimizers and schedulers, and step them as often as their phase does."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from dcrf.builder.components import At
from dcrf.builder.optimizers import build_optimizer, build_scheduler
from dcrf.config.method_config import DatasetConfig, OptimizerConfig, PhaseConfig, SchedulerConfig
from dcrf.data.batch_order import Loading, batch_sizes
from dcrf.errors import ConfigError, DataError, Problem, cause_of
from dcrf.safety.limits import DRY_RUN_SCHEDULER_STEPS

E = TypeVar("E", OptimizerConfig, SchedulerConfig)
T = TypeVar("T")

_FEWEST_STEPS = 2  # a scheduler computes no learning rate before


def check_optimizers(
    phase: PhaseConfig, epoch_lengths: Sequence[int | None], device: str, at: At
) -> list[Problem]:
    """Step the optimizers and schedulers of a phase with a parameter of their own.

    Args:
        phase: with its optimizers.
        epoch_lengths: batches of an epoch on each data set of the phase, None if unknown.
        device: of the run.
        at: takes the errors.

    Returns:
        The problems that are not errors.
    """
    steps: dict[str, int] = {}
    for length in epoch_lengths:
        for unit, number in phase_steps(phase, length).items():
            steps[unit] = max(steps.get(unit, 0), number)
    problems: list[Problem] = []
    for entry in phase.optimizers:
        problems += _uncapturable(entry, device)
        with at(entry.path):
            optimizer = _located(entry, _stepped_optimizer)
            for scheduler in phase.schedulers:
                if scheduler.optimizer_name == entry.name:
                    with at(scheduler.path):
                        problems += _check_scheduler(scheduler, optimizer, steps)
    return problems


def epoch_length(dataset: DatasetConfig, n_samples: int | None) -> int | None:
    """Return the number of batches of an epoch, None if it is unknown."""
    if n_samples is None:
        return None
    return len(batch_sizes(n_samples, Loading(dataset.batch_size, drop_last=dataset.drop_last)))


def phase_steps(phase: PhaseConfig, epoch_length: int | None) -> dict[str, int]:
    """Return the most iterations and epochs that a phase takes, as far as they are known.

    Args:
        phase: its other exit criteria may end it earlier.
        epoch_length: batches of an epoch, None if unknown.
    """
    iterations = phase.exit_criteria.get("iterations")
    epochs = phase.exit_criteria.get("epochs")
    if not epoch_length:
        known = {
            "iteration": iterations if epochs is None else None,
            "epoch": epochs if iterations is None else None,
        }
        return {unit: number for unit, number in known.items() if number is not None}
    ends = [iterations, None if epochs is None else epochs * epoch_length]
    end = min((number for number in ends if number is not None), default=0)
    return {"iteration": end, "epoch": end // epoch_length}


def _located(entry: E, build: Callable[[E], T]) -> T:
    """Build an entry; report an error at the option without which it can be built.

    Raises:
        ConfigError: one option is at fault.
    """
    try:
        return build(entry)
    except Exception as error:
        for key, value in entry.options.items():
            others = {name: other for name, other in entry.options.items() if name != key}
            with suppress(Exception):
                build(replace(entry, options=others))
                text = f"{entry.type} rejects {json.dumps(value)}: {cause_of(error)}"
                break
        else:
            raise
        raise ConfigError("", [Problem(f"{entry.path}.{key}", text)]) from error


def _uncapturable(entry: OptimizerConfig, device: str) -> Iterator[Problem]:
    if entry.options.get("capturable") and device.partition(":")[0] == "cpu":
        text = "capturable optimizers need a GPU, but the method runs on the CPU"
        yield Problem(f"{entry.path}.capturable", text, "leave it out, or run on a GPU")


def _stepped_optimizer(entry: OptimizerConfig) -> Optimizer:
    parameter = nn.Parameter(torch.zeros(1, 1))
    optimizer = build_optimizer(entry, [parameter])
    if not entry.options.get("capturable"):  # needs parameters on a GPU
        parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    return optimizer


def _check_scheduler(
    entry: SchedulerConfig, optimizer: Optimizer, steps: Mapping[str, int]
) -> Iterator[Problem]:
    scheduler = _located(entry, partial(build_scheduler, optimizer=optimizer))
    in_phase = steps.get(entry.step, 0)
    total = getattr(scheduler, "total_steps", in_phase)
    if in_phase > total:
        yield Problem(
            entry.path,
            f"{entry.type} has {total} steps, but the phase may take {in_phase}",
            f"allow at least {in_phase} steps; it takes one per {entry.step}",
        )
    _take_steps(scheduler, min(max(in_phase, _FEWEST_STEPS), DRY_RUN_SCHEDULER_STEPS))


def _take_steps(scheduler: LRScheduler, number: int) -> None:
    for step in range(1, min(number, getattr(scheduler, "total_steps", number)) + 1):
        try:
            scheduler.step()
        except Exception as error:
            raise DataError(f"its step {step} fails: {cause_of(error)}") from error
