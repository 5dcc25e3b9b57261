"""Build what can be built without data, and throw it away: what fails is a problem of the file."""

import warnings
from collections.abc import Sequence

import torch
from torch import nn

from dcrf.builder.blanks import META
from dcrf.builder.components import At, collecting
from dcrf.builder.method import build_mapping
from dcrf.builder.optimizers import build_optimizer, build_scheduler
from dcrf.builder.rehearsal import rehearse
from dcrf.builder.samples import expected
from dcrf.builder.size import number_problems, size_problems
from dcrf.config.model import DatasetConfig, MethodConfig, OptimizerConfig, Options, PhaseConfig
from dcrf.data.transforms import build_transforms
from dcrf.errors import ConfigError, Problem

STEPS = 2  # of a scheduler, so that it computes a learning rate


def check(config: MethodConfig) -> None:
    """Build every part and rehearse the run, on a device without memory, however large a layer is.

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
        for optimizer in phase.optimizers:
            with at(optimizer.path):
                _check_optimizer(optimizer, phase, at)
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


def _check_optimizer(entry: OptimizerConfig, phase: PhaseConfig, at: At) -> None:
    """Let an optimizer and its schedulers act on a parameter of their own."""
    parameter = nn.Parameter(torch.zeros(1, 1))
    optimizer = build_optimizer(entry, [parameter])
    if not entry.options.get("capturable"):  # which parameters on a CPU never are
        parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    for scheduler in phase.schedulers:
        if scheduler.optimizer_name == entry.name:
            with at(scheduler.path):
                made = build_scheduler(scheduler, optimizer)
                for _ in range(STEPS):
                    made.step()
