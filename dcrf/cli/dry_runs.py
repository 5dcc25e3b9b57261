"""Dry runs of methods, in this process or in another one that imports torch instead of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dcrf.config.data_sizes import ShapeOfData
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.errors import ConfigError, DcrfError, Problem
from dcrf.runs.process_entry import call_in_process


@dataclass(frozen=True, slots=True)
class DryRun:
    """The result of a dry run.

    problems: reasons why the method cannot run, each at its JSON path.
    device_error: why the device cannot be used, if so.
    warnings: settings that leave samples out of training.
    threads: number of torch threads that a process has by default on this machine.
    """

    problems: tuple[Problem, ...]
    device_error: str | None
    warnings: tuple[Problem, ...]
    threads: int


def dry_runs(configs: Iterable[MethodConfig]) -> list[DryRun]:
    """Build methods without data or memory in this process, which imports torch."""
    return [_dry_run(config) for config in configs]


def dry_runs_in_process(configs: Sequence[MethodConfig]) -> list[DryRun]:
    """Return `dry_runs` of a new process, forked from the server that has imported torch.

    Raises:
        DcrfError: the process died.
    """
    return call_in_process(dry_runs, configs) if configs else []


def shapes_of(datasets: Sequence[DatasetConfig]) -> list[ShapeOfData]:
    """Return the shapes of samples in this process, which imports torch."""
    from dcrf.dry_run.shapes import sample_shapes  # noqa: PLC0415 - it imports torch

    return sample_shapes(datasets)


def shapes_in_process(datasets: Sequence[DatasetConfig]) -> list[ShapeOfData]:
    """Return `shapes_of` of a new process, forked from the server that has imported torch.

    Raises:
        DcrfError: the process died.
    """
    return call_in_process(shapes_of, datasets)


def _dry_run(config: MethodConfig) -> DryRun:
    import torch  # noqa: PLC0415 - only where a dry run needs it

    from dcrf.dry_run.check_method import check  # noqa: PLC0415 - imports torch
    from dcrf.runs.device import resolve_device  # noqa: PLC0415 - imports torch

    device_error = None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    try:
        config = replace(config, device=resolve_device(config.device))
    except DcrfError as error:
        device_error = str(error)
    try:
        warnings = check(config)
    except ConfigError as error:
        problems = error.problems
    return DryRun(tuple(problems), device_error, tuple(warnings), torch.get_num_threads())
