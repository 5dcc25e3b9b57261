"""From what the command line names to the runs that are to be made, checked before any begins."""

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dcrf.config import check_shared_files, load_checked, with_places
from dcrf.config.method_config import MethodConfig
from dcrf.config.path_checks import is_file, is_folder, is_there
from dcrf.errors import ConfigError, DcrfError, Problem, first_line
from dcrf.reporting.summary import Outcome
from dcrf.reporting.writers import say
from dcrf.runs.resume import Begun, begun, method_file

ROOT = Path(__file__).parents[2]
DEVICES = "for example cpu, cuda, cuda:1 or cuda_if_available"


class CommandLineError(DcrfError):
    """The command line asks for something that is not there."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A method with a seed that is to be run.

    begun: what there is of the run; None for a new one.
    seed_in_names: the seed, where files of several seeds must not meet; else None.
    """

    config: MethodConfig
    seed: int
    begun: Begun | None
    seed_in_names: int | None


def load(options: argparse.Namespace) -> tuple[list[Planned], list[Outcome]]:
    """Read and check all files before anything runs.

    With `--resume_on_error` files that cannot be used are outcomes of their own, as long as there
    are others.

    Raises:
        CommandLineError: there are no such files, or some of them cannot be used; the problems
            of every file have been printed.
    """
    _check_output(options)
    goes_on = options.resume_on_error and not options.validate
    loaded, invalid = _load_all(options, goes_on)
    loaded, unfit = _fitting(loaded, options, goes_on)
    invalid += unfit
    if options.validate:
        for plans in loaded:
            say(f"{plans[0].config.source}: ok")
    if invalid and not (loaded and goes_on):
        raise CommandLineError(f"{_count(len(invalid), 'file')} cannot be used; nothing was run")
    return [plan for plans in loaded for plan in plans], invalid


def method_files(path: str, resumes: bool = False) -> list[Path]:
    """Return the files that a path means; a folder means the `*.json` directly in it.

    Args:
        path: as it stands on the command line.
        resumes: whether the folder of a run means its method.

    Raises:
        CommandLineError: the path does not exist, or the folder holds no method file.
    """
    return _files_in(_existing(method_file(path, resumes)))


def _load_all(
    options: argparse.Namespace, goes_on: bool
) -> tuple[list[list[Planned]], list[Outcome]]:
    """Return the runs of every file that can be used, and the others as outcomes."""
    loaded, invalid = [], []
    for path in options.paths:
        try:
            files = method_files(path, options.resume)
        except CommandLineError as error:
            if not goes_on:
                raise
            invalid.append(_invalid(path, error))
            continue
        for file in files:
            try:
                loaded.append(list(_planned(_load_one(file, options), options)))
            except ConfigError as error:
                invalid.append(_invalid(error.source, error))
    return loaded, invalid


def _planned(config: MethodConfig, options: argparse.Namespace) -> Iterator[Planned]:
    """Yield a run for every seed.

    Raises:
        ConfigError: one that has begun cannot go on.
    """
    for seed in options.seed or [config.seed or 0]:
        found = begun(config, seed, options.output_dir) if options.resume else None
        in_names = seed if len(options.seed or []) > 1 else None
        if found is not None:
            in_names = found.beginning.seed_in_names
        yield Planned(config, seed, found, in_names)


def _problems(loaded: Sequence[Sequence[Planned]]) -> list[list[Problem]]:
    """Return the problems of every file beside those before it."""
    return check_shared_files(
        [(plans[0].config, [plan.seed_in_names for plan in plans]) for plans in loaded]
    )


def _fitting(
    loaded: Sequence[list[Planned]], options: argparse.Namespace, goes_on: bool
) -> tuple[list[list[Planned]], list[Outcome]]:
    """Return the files that go together, and the others as outcomes.

    Where the batch goes on without those, a file must go together with those that are left.
    """
    fitting: list[list[Planned]] = []
    unfit: list[Outcome] = []
    for plans, found in zip(loaded, _problems(loaded), strict=True):
        problems = _problems([*fitting, plans])[-1] if goes_on else found
        if problems:
            source = plans[0].config.source
            placed = with_places(source, problems, options.settings)
            unfit.append(_invalid(source, ConfigError(source, placed)))
        else:
            fitting.append(plans)
    return fitting, unfit


def _invalid(source: Path | str, error: DcrfError) -> Outcome:
    """Print why a file cannot be used, and return that as an outcome."""
    say(str(error), is_error=True)
    name = Path(source).stem
    return Outcome(str(source), name, None, "invalid", error=first_line(error))


def _load_one(file: Path, options: argparse.Namespace) -> MethodConfig:
    config = load_checked(file, options.settings, options.max_iterations, options.device)
    if not options.validate:
        from dcrf.runs.process_entry import prepare  # noqa: PLC0415 - other uses need no processes

        prepare()

    from dcrf.dry_run.check_method import (  # noqa: PLC0415 - a file that breaks the schema needs no torch
        check,
    )
    from dcrf.runs.one_run import resolve_device  # noqa: PLC0415

    problems: list[Problem] = []
    try:
        found = replace(config, device=resolve_device(config.device))
    except DcrfError as error:
        where = "--device" if options.device else "$.device"
        problems, found = [Problem(where, str(error), DEVICES)], config
    try:
        check(found)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(file, with_places(file, problems, options.settings))
    return config


def _check_output(options: argparse.Namespace) -> None:
    """Raise CommandLineError where results or logs cannot be written."""
    folders = [options.output_dir]
    if options.one_log_file:
        log = Path(options.one_log_file)
        folders.append(log.parent)
        if is_folder(log):
            raise CommandLineError(f"--one_log_file {log} is a folder")
    for folder in folders:
        for path in (folder, *folder.parents):
            if is_there(path) and not is_folder(path):
                raise CommandLineError(f"{folder} cannot be a folder: {path} is a file")
        existing = next(path for path in (folder, *folder.parents) if is_there(path))
        if not os.access(existing, os.W_OK):
            raise CommandLineError(f"{folder} cannot be written: {existing} allows no writing")


def _existing(path: str) -> Path:
    for candidate in (Path(path), ROOT / path):
        if is_there(candidate):
            return candidate
    places = " and ".join(dict.fromkeys(map(str, (Path.cwd(), ROOT))))
    raise CommandLineError(f"{path} does not exist (looked in {places})")


def _files_in(path: Path) -> list[Path]:
    if is_file(path):
        return [path]
    if files := sorted(path.glob("*.json")):
        return files
    folders = sorted({str(file.parent) for file in path.rglob("*.json")})
    hint = f"; its folders with method files: {', '.join(folders)}" if folders else ""
    raise CommandLineError(f"{path} holds no method files (*.json){hint}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
