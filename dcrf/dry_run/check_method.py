"""Build what can be built without data, and throw it away: what fails is a problem of the file."""

import warnings
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from dcrf.builder.components import At, collecting
from dcrf.builder.method import build_mapping
from dcrf.builder.optimizers import build_optimizer, build_scheduler
from dcrf.config.method_config import (
    DatasetConfig,
    MethodConfig,
    OptimizerConfig,
    Options,
    PhaseConfig,
)
from dcrf.data.batch_order import Loading, batch_sizes
from dcrf.data.transforms.build import build_transforms
from dcrf.dry_run.expected_data import Expected, expected
from dcrf.dry_run.meta_stand_ins import META
from dcrf.dry_run.schedule_lengths import most_steps
from dcrf.dry_run.simulate import rehearse
from dcrf.dry_run.size_limits import number_problems, size_problems
from dcrf.errors import ConfigError, DataError, Problem, cause_of
from dcrf.safety.limits import DRY_RUN_SCHEDULER_STEPS

_FEWEST_STEPS = 2  # of a scheduler, so that it computes a learning rate


def check(config: MethodConfig) -> None:
    """Build every part and rehearse the run, on a device without memory, however large a layer is.

    Args:
        config: of the method, with the device that the run will have, where that is known.

    Raises:
        ConfigError: all parts that cannot be made or do not fit together, each at its JSON path.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that are thrown away
        problems = number_problems(config.mappings) or _problems(config)
    if problems:
        first_of_each_place = {problem.path: problem for problem in reversed(problems)}
        raise ConfigError(config.source, list(first_of_each_place.values())[::-1])


def _problems(config: MethodConfig) -> list[Problem]:
    problems: list[Problem] = []
    at = collecting(problems)
    with META:
        made = {entry.path: build_mapping(entry, None, config, at) for entry in config.mappings}
    is_whole = not problems
    problems += size_problems(made)
    for dataset in config.datasets:
        _check_views(dataset, at)
    data = [expected(dataset, _used_views(dataset, config), at) for dataset in config.datasets]
    for phase in config.phases:
        steps = _steps(phase, config.datasets, data)
        for optimizer in phase.optimizers:
            problems += _uncapturable(optimizer, config.device)
            with at(optimizer.path):
                _check_optimizer(optimizer, phase, steps, at)
    if is_whole:
        with at(config.strategy.path):
            problems += rehearse(config, data)
    return problems


def _used_views(dataset: DatasetConfig, config: MethodConfig) -> set[str]:
    phases = [phase for phase in config.phases if phase.name in dataset.phases]
    patterns = [pattern for phase in phases for pattern in phase.design_patterns]
    return {view for pattern in patterns for view in pattern.views.values() if view is not None}


def _check_views(entry: DatasetConfig, at: At) -> None:
    views: dict[str, Sequence[Options]] = {"": entry.transforms or ()}
    for index, view in enumerate(entry.batch_augmentations.values()):
        views[f".batch_augmentations[{index}]"] = view
    for place, transforms in views.items():
        for index, transform in enumerate(transforms):
            with at(f"{entry.path}{place}.transforms[{index}]"):
                build_transforms([transform])


def _steps(
    phase: PhaseConfig, datasets: Sequence[DatasetConfig], data: Sequence[Expected]
) -> Mapping[str, int]:
    """Return how often schedulers are stepped, by `epoch` and `iteration`, on any data set."""
    steps = dict.fromkeys(("epoch", "iteration"), _FEWEST_STEPS)
    for dataset, its in zip(datasets, data, strict=True):
        if phase.name in dataset.phases:
            loading = Loading(dataset.batch_size, drop_last=dataset.drop_last)
            per_epoch = len(batch_sizes(its.n_samples, loading)) if its.n_samples else None
            for kind, most in most_steps(phase, per_epoch or None).items():
                steps[kind] = max(steps[kind], min(most, DRY_RUN_SCHEDULER_STEPS))
    return steps


def _uncapturable(entry: OptimizerConfig, device: str) -> Iterator[Problem]:
    if entry.options.get("capturable") and device.partition(":")[0] == "cpu":
        found = "no optimizer is capturable on the CPU, where the method runs"
        yield Problem(f"{entry.path}.capturable", found, "leave it out, or run on a GPU")


def _check_optimizer(
    entry: OptimizerConfig, phase: PhaseConfig, steps: Mapping[str, int], at: At
) -> None:
    """Let an optimizer and its schedulers act on a parameter of their own."""
    parameter = nn.Parameter(torch.zeros(1, 1))
    optimizer = build_optimizer(entry, [parameter])
    if not entry.options.get("capturable"):  # which parameters on a CPU never are
        parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    for scheduler in phase.schedulers:
        if scheduler.optimizer_name == entry.name:
            with at(scheduler.path):
                _take(build_scheduler(scheduler, optimizer), steps[scheduler.step])


def _take(scheduler: LRScheduler, steps: int) -> None:
    """Take steps, as long as there are any.

    Raises:
        DataError: one fails.
    """
    for step in range(1, min(steps, getattr(scheduler, "total_steps", steps)) + 1):
        try:
            scheduler.step()
        except Exception as error:
            raise DataError(f"its step {step} fails: {cause_of(error)}") from error
