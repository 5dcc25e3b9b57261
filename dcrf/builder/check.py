"""Build what can be built without data, and throw it away: what fails is a problem of the file."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from dcrf.builder.components import located
from dcrf.builder.method import build_method, initialise_layers
from dcrf.builder.optimizers import build_optimizer, build_scheduler
from dcrf.config.model import (
    DatasetConfig,
    MappingConfig,
    MethodConfig,
    OptimizerConfig,
    Options,
    PhaseConfig,
)
from dcrf.data.transforms import build_transforms
from dcrf.errors import ConfigError, Problem
from dcrf.mappings.layers import bind_function, build_layer
from dcrf.streams import Streams

STEPS = 2  # of a scheduler, so that it computes a learning rate


def check(config: MethodConfig) -> None:
    """Build every part, on a device without memory, however large a layer is.

    Raises:
        ConfigError: all parts that cannot be made, each at its JSON path.
    """
    problems: list[Problem] = []
    with torch.device("meta"):
        for mapping in config.mappings:
            _check_mapping(mapping, problems)
        for dataset in config.datasets:
            _check_views(dataset, problems)
        for phase in config.phases:
            for optimizer in phase.optimizers:
                with _collected(problems, optimizer.path):
                    _check_optimizer(optimizer, phase, problems)
        if not problems:
            with _collected(problems, config.strategy.path):
                build_method(config, config.datasets[0].num_clusters, Streams(0))
    if problems:
        raise ConfigError(config.source, problems)


@contextmanager
def _collected(problems: list[Problem], path: str) -> Iterator[None]:
    try:
        with located(path, ""):
            yield
    except ConfigError as error:
        problems += error.problems


def _check_mapping(entry: MappingConfig, problems: list[Problem]) -> None:
    named: dict[str, nn.Module] = {}
    before = len(problems)
    for index, layer in enumerate(entry.layers):
        with _collected(problems, f"{entry.path}.layers[{index}]"):
            build_layer(layer, named)
    for key in ("pre_processing_functions", "post_processing_functions"):
        for index, function in enumerate(getattr(entry, key)):
            with _collected(problems, f"{entry.path}.{key}[{index}]"):
                bind_function(function)
    for index, wanted in enumerate(entry.layer_initialization):
        if len(problems) == before:  # else a layer to initialise may be missing
            with _collected(problems, f"{entry.path}.layer_initialization[{index}]"):
                initialise_layers(wanted, named)


def _check_views(entry: DatasetConfig, problems: list[Problem]) -> None:
    views: dict[str, Sequence[Options]] = {"": entry.transforms or ()}
    for index, view in enumerate(entry.batch_augmentations.values()):
        views[f".batch_augmentations[{index}]"] = view
    for place, transforms in views.items():
        for index, transform in enumerate(transforms):
            with _collected(problems, f"{entry.path}{place}.transforms[{index}]"):
                build_transforms([transform])


def _check_optimizer(entry: OptimizerConfig, phase: PhaseConfig, problems: list[Problem]) -> None:
    optimizer = build_optimizer(entry, [nn.Parameter(torch.empty(1))])
    for scheduler in phase.schedulers:
        if scheduler.optimizer_name == entry.name:
            with _collected(problems, scheduler.path), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the optimizer has made no step, and never will
                made = build_scheduler(scheduler, optimizer)
                for _ in range(STEPS):
                    made.step()
