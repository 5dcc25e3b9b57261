"""Check that the parts of a method can be built, fit together and will run."""

import warnings
from collections.abc import Iterator, Sequence

from dcrf.builder.components import At, collecting
from dcrf.builder.data_sources import build_sampling
from dcrf.builder.method import build_mapping
from dcrf.config.method_config import DatasetConfig, MethodConfig, Options
from dcrf.data.batch_order import Loading, unused_samples_note
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays
from dcrf.data.transforms.build import build_transforms
from dcrf.dry_run.expected_data import ExpectedData, expected_data_sets
from dcrf.dry_run.meta_stand_ins import META
from dcrf.dry_run.optimizers import check_optimizers, epoch_length
from dcrf.dry_run.simulate import simulate
from dcrf.dry_run.size_limits import number_problems, size_problems
from dcrf.errors import ConfigError, Problem


def check(config: MethodConfig, arrays: Arrays = NO_ARRAYS) -> list[Problem]:
    """Check a method without reading samples. Layers of any size take no memory.

    Args:
        config: of the method, with the device of the run, if that is known.
        arrays: data handed over in Python.

    Returns:
        Warnings, each at its JSON path: settings that leave samples out of training.

    Raises:
        ConfigError: parts cannot be built or do not fit together, each at its JSON path.
    """
    problems = number_problems(config.mappings)
    if problems:
        raise ConfigError(config.source, problems)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run gives the same ones
        at = collecting(problems)
        data = expected_data_sets(config, at, arrays)
        problems += _problems(config, data)
    if problems:
        raise ConfigError(config.source, _nearest(problems))
    return [w for pair in zip(config.datasets, data, strict=True) for w in _warnings(config, *pair)]


def _problems(config: MethodConfig, data: Sequence[ExpectedData]) -> list[Problem]:
    problems: list[Problem] = []
    at = collecting(problems)
    with META:
        mappings = {entry.path: build_mapping(entry, None, config, at) for entry in config.mappings}
    all_mappings_built = not problems
    problems += size_problems(mappings)
    for dataset in config.datasets:
        _check_transforms(dataset, at)
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


def _warnings(
    config: MethodConfig, dataset: DatasetConfig, expected: ExpectedData
) -> Iterator[Problem]:
    """Yield a warning if samples of a data set are in no training batch."""
    is_trained_on = any(phase.trains for phase in config.phases_on(dataset))
    if is_trained_on and expected.n_samples is not None:
        sampling = build_sampling(dataset)
        loading = Loading(dataset.batch_size, sampling, drop_last=dataset.drop_last)
        for note in unused_samples_note(expected.n_samples, loading):
            text, _, remedy = note.partition("; ")
            yield Problem(dataset.path, text, remedy)


def _nearest(problems: Sequence[Problem]) -> list[Problem]:
    """Return the first problem of each path, without those that have others inside."""
    first_at_path = {problem.path: problem for problem in reversed(problems)}
    return [
        problem
        for path, problem in reversed(first_at_path.items())
        if not any(other.startswith((f"{path}.", f"{path}[")) for other in first_at_path)
    ]


def _check_transforms(entry: DatasetConfig, at: At) -> None:
    """Build each transform by itself, so that all that fail are reported."""
    views: dict[str, Sequence[Options]] = {"": entry.transforms or ()}
    for index, view in enumerate(entry.batch_augmentations.values()):
        views[f".batch_augmentations[{index}]"] = view
    for place, transforms in views.items():
        for index, transform in enumerate(transforms):
            with at(f"{entry.path}{place}.transforms[{index}]"):
                build_transforms([transform])
