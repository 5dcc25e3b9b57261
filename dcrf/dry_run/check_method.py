"""Check that the parts of a method can be built, fit together and will run."""

import warnings
from collections.abc import Sequence

from dcrf.builder.components import At, collecting
from dcrf.builder.method import build_mapping
from dcrf.config.method_config import DatasetConfig, MethodConfig, Options
from dcrf.data.transforms.build import build_transforms
from dcrf.dry_run.expected_data import expected_data
from dcrf.dry_run.meta_stand_ins import META
from dcrf.dry_run.optimizers import check_optimizers, epoch_length
from dcrf.dry_run.simulate import simulate
from dcrf.dry_run.size_limits import number_problems, size_problems
from dcrf.errors import ConfigError, Problem


def check(config: MethodConfig) -> None:
    """Check a method without reading samples. Layers of any size take no memory.

    Args:
        config: of the method, with the device of the run, if that is known.

    Raises:
        ConfigError: parts cannot be built or do not fit together, each at its JSON path.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run gives the same ones
        problems = number_problems(config.mappings) or _problems(config)
    if problems:
        raise ConfigError(config.source, _nearest(problems))


def _problems(config: MethodConfig) -> list[Problem]:
    problems: list[Problem] = []
    at = collecting(problems)
    with META:
        mappings = {entry.path: build_mapping(entry, None, config, at) for entry in config.mappings}
    all_mappings_built = not problems
    problems += size_problems(mappings)
    for dataset in config.datasets:
        _check_transforms(dataset, at)
    data = [expected_data(dataset, _used_views(dataset, config), at) for dataset in config.datasets]
    for phase in config.phases:
        lengths = [
            epoch_length(dataset, expected.n_samples)
            for dataset, expected in zip(config.datasets, data, strict=True)
            if phase.name in dataset.phases
        ]
        problems += check_optimizers(phase, lengths, config.device, at)
    if all_mappings_built:
        with at(config.strategy.path):
            problems += simulate(config, data)
    return problems


def _nearest(problems: Sequence[Problem]) -> list[Problem]:
    """Return the first problem of each path, without those that have others inside."""
    first_at_path = {problem.path: problem for problem in reversed(problems)}
    return [
        problem
        for path, problem in reversed(first_at_path.items())
        if not any(other.startswith((f"{path}.", f"{path}[")) for other in first_at_path)
    ]


def _used_views(dataset: DatasetConfig, config: MethodConfig) -> set[str]:
    """Return the named views that patterns use on a data set."""
    phases = [phase for phase in config.phases if phase.name in dataset.phases]
    patterns = [pattern for phase in phases for pattern in phase.design_patterns]
    return {view for pattern in patterns for view in pattern.views.values() if view is not None}


def _check_transforms(entry: DatasetConfig, at: At) -> None:
    """Build each transform by itself, so that all that fail are reported."""
    views: dict[str, Sequence[Options]] = {"": entry.transforms or ()}
    for index, view in enumerate(entry.batch_augmentations.values()):
        views[f".batch_augmentations[{index}]"] = view
    for place, transforms in views.items():
        for index, transform in enumerate(transforms):
            with at(f"{entry.path}{place}.transforms[{index}]"):
                build_transforms([transform])
