"""Load and check the files on the command line, and list the runs that they ask for.

Nothing here starts a process or prints.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dcrf.cli.dry_runs import DryRun
from dcrf.cli.find_files import method_files
from dcrf.config import MethodConfig, check_shared_files, load_checked, with_places
from dcrf.config.load import ShapesOf
from dcrf.config.path_checks import is_folder, is_there
from dcrf.errors import CommandLineError, ConfigError, DcrfError, Problem, first_line
from dcrf.reporting.records import Outcome
from dcrf.runs.phase_order import BEGIN, PhaseIndex, end_after
from dcrf.runs.resume import ExistingRun, find_existing_run
from dcrf.runs.run_folder import is_run_configuration, read_run_start


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A method and a seed to run.

    existing: the run to resume; None for a new run.
    seed_in_names: the seed if the names of saved files contain it, else None.
    overrides: command-line flags that change the file's values.
    threads: number of torch threads for all runs at the same time.
    end: the data set and the phase before which it stops; None for its end.
    """

    config: MethodConfig
    seed: int
    existing: ExistingRun | None
    seed_in_names: int | None
    overrides: tuple[str, ...]
    threads: int
    end: PhaseIndex | None = None

    @property
    def outcome(self) -> Outcome | None:
        """The outcome of a run that has nothing left to do, else None."""
        if self.existing is None:
            return None
        has_stopped = self.end is not None and self.end <= self.existing.position
        return self.existing.outcome or (self.existing.partial if has_stopped else None)


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file, or another path on the command line, that cannot be run."""

    source: str
    error: DcrfError

    @property
    def outcome(self) -> Outcome:
        """The outcome `invalid` of the file."""
        cause = first_line(self.error)
        return Outcome(self.source, Path(self.source).stem, None, "invalid", error=cause)


_Planned = tuple[MethodConfig, list[PlannedRun]]


def load_methods(
    options: argparse.Namespace, shapes_of: ShapesOf
) -> tuple[list[MethodConfig], list[RejectedFile]]:
    """Load every method file on the command line, without importing torch.

    Args:
        options: the flags.
        shapes_of: reads the shapes of data for methods with sizes `"auto"`.

    Raises:
        CommandLineError: a path does not exist or contains no method files. With
            `--resume_on_error` it is rejected like an invalid file instead.
    """
    methods, rejected = [], []
    for path in options.paths:
        try:
            files = method_files(path, options.resume)
        except CommandLineError as error:
            if not _skips_invalid(options):
                raise
            rejected.append(RejectedFile(path, error))
            continue
        for file in files:
            try:
                methods.append(_load(file, options, shapes_of))
            except ConfigError as error:
                rejected.append(RejectedFile(str(file), error))
    return methods, rejected


def _load(file: Path, options: argparse.Namespace, shapes_of: ShapesOf) -> MethodConfig:
    """Load a method file. In that of a run to resume, `--max_iterations` is of the last phase.

    Raises:
        ConfigError: the file is invalid.
    """
    settings, most = options.settings, options.max_iterations
    if options.resume and most is not None and is_run_configuration(file):
        overrides: tuple[str, ...] = ()
        with suppress(OSError, ValueError):  # `find_existing_run` reports it
            overrides = read_run_start(file.parent).overrides
        if f"--max_iterations {most}" not in overrides:
            config = load_checked(file, shapes_of=shapes_of)
            last = config.phases_on(config.datasets[-1])[-1]
            settings = [*settings, f"{last.path}.exit_criteria.iterations={most}"]
        most = None
    return load_checked(
        file,
        settings,
        most,
        options.device,
        check_inputs=not options.print_config,  # printing reads sizes "auto" only
        shapes_of=shapes_of,
    )


def plan_runs(
    methods: Sequence[MethodConfig],
    options: argparse.Namespace,
    dry_runs: Callable[[Sequence[MethodConfig]], list[DryRun]],
) -> tuple[list[PlannedRun], list[RejectedFile]]:
    """Check that each method would run, then add its seeds and existing runs.

    Files that would save to the same file, or load a file that no earlier one saves, are rejected.

    Args:
        methods: loaded from the files on the command line.
        options: the flags.
        dry_runs: builds methods without data or memory.
    """
    planned: list[_Planned] = []
    rejected = []
    for config, dry_run in zip(methods, dry_runs(methods), strict=True):
        try:
            checked = _checked(config, dry_run, options)
            planned.append((checked, list(_runs_of(checked, dry_run.threads, options))))
        except ConfigError as error:
            rejected.append(RejectedFile(str(config.source), error))
    accepted, conflicting = _refuse_conflicts(planned, options)
    return [run for _, runs in accepted for run in runs], [*rejected, *conflicting]


def check_output_paths(options: argparse.Namespace) -> None:
    """Raise CommandLineError if results or logs cannot be written."""
    folders = [options.output_dir]
    if options.one_log_file:
        log = Path(options.one_log_file)
        folders.append(log.parent)
        if is_folder(log):
            raise CommandLineError(f"--one_log_file {log} is a folder; name a file")
        if log.suffix == ".json" and is_there(log):
            raise CommandLineError(f"--one_log_file {log} is a JSON file; name a text file")
    for folder in folders:
        for path in (folder, *folder.parents):
            if is_there(path) and not is_folder(path):
                raise CommandLineError(f"{folder} cannot be a folder: {path} is a file")
        existing = next(path for path in (folder, *folder.parents) if is_there(path))
        if not os.access(existing, os.W_OK):
            raise CommandLineError(f"{folder} cannot be written: no write permission in {existing}")


def overrides_of(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the flags that change values of the files."""
    settings = [f"--set {setting}" for setting in options.settings]
    if options.max_iterations is not None:
        settings.append(f"--max_iterations {options.max_iterations}")
    if options.device is not None:
        settings.append(f"--device {options.device}")
    return tuple(settings)


def _skips_invalid(options: argparse.Namespace) -> bool:
    """Whether valid files run although others are invalid."""
    return bool(options.resume_on_error and not options.validate)


def _checked(config: MethodConfig, dry_run: DryRun, options: argparse.Namespace) -> MethodConfig:
    """Return a method with the warnings of its dry run.

    Raises:
        ConfigError: it cannot be built, or its parts do not fit each other.
    """
    problems = list(dry_run.problems)
    if dry_run.device_error:
        path = "--device" if options.device else "$.device"
        problems.insert(0, Problem(path, dry_run.device_error))
    if problems:
        placed = with_places(config.source, problems, options.settings)
        raise ConfigError(config.source, placed)
    if not options.validate or not dry_run.warnings:  # a run notes them when it opens its data
        return config
    placed = with_places(config.source, dry_run.warnings, options.settings)
    return replace(config, warnings=(*config.warnings, *placed))


def _runs_of(
    config: MethodConfig, threads: int, options: argparse.Namespace
) -> Iterator[PlannedRun]:
    """Yield a run for every seed.

    Raises:
        ConfigError: an existing run cannot be resumed.
    """
    for seed in options.seed or [config.seed or 0]:
        existing = find_existing_run(config, seed, options.output_dir) if options.resume else None
        if existing is not None:
            in_names, overrides = existing.start.seed_in_names, existing.start.overrides
            if existing.is_changed:
                overrides = with_later(overrides, overrides_of(options))
        else:
            in_names = seed if len(options.seed or []) > 1 else None
            overrides = overrides_of(options)
        end = None
        if options.phases is not None:
            end = end_after(config, options.phases, existing.position if existing else BEGIN)
        yield PlannedRun(config, seed, existing, in_names, overrides, threads, end)


def with_later(overrides: Sequence[str], later: Sequence[str]) -> tuple[str, ...]:
    """Return overrides of a run and later ones, which replace those of the same values."""
    replaced = {_target_of(flag) for flag in later}
    return (*(flag for flag in overrides if _target_of(flag) not in replaced), *later)


def _target_of(override: str) -> str:
    """Return the value that an override sets: `--set PATH`, or another flag without its value."""
    flag, _, value = override.partition(" ")
    return f"{flag} {value.partition('=')[0]}" if flag == "--set" else flag


def _refuse_conflicts(
    planned: Sequence[_Planned], options: argparse.Namespace
) -> tuple[list[_Planned], list[RejectedFile]]:
    """Separate the methods whose saved and loaded files conflict with those of earlier ones.

    If the others run without them, each method is compared with the accepted ones only.
    """
    accepted: list[_Planned] = []
    conflicting: list[RejectedFile] = []
    of_all = _conflicts(planned)
    if not any(of_all):
        return [*planned], []
    for entry, conflicts in zip(planned, of_all, strict=True):
        config = entry[0]
        problems = _conflicts([*accepted, entry])[-1] if _skips_invalid(options) else conflicts
        if problems:
            placed = with_places(config.source, problems, options.settings)
            error = ConfigError(config.source, placed)
            conflicting.append(RejectedFile(str(config.source), error))
        else:
            accepted.append(entry)
    return accepted, conflicting


def _conflicts(planned: Sequence[_Planned]) -> list[list[Problem]]:
    """Return the problems of every method beside the earlier ones."""
    return check_shared_files(
        [(config, [run.seed_in_names for run in runs]) for config, runs in planned]
    )
