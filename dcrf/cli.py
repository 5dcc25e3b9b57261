"""The command line: which files, how to run them, what to say at the end."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.config import check_batch, load_method, with_places
from dcrf.config.model import MethodConfig
from dcrf.errors import ConfigError, DcrfError, Problem
from dcrf.flags import parser

if TYPE_CHECKING:
    from dcrf.reporting.summary import Outcome

ROOT = Path(__file__).parents[1]
OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
DEVICES = "for example cpu, cuda, cuda:1 or cuda_if_available"


class CommandLineError(DcrfError):
    """The command line asks for something that is not there."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    spin_shortly()
    options = parser().parse_args(arguments)
    try:
        configs = load(options)
        if options.validate:
            return OK
        outcomes = run(configs, options)
    except (ConfigError, CommandLineError) as error:
        print_error(error)
        return UNUSABLE
    except KeyboardInterrupt:  # before or between runs; within one it is an outcome
        return INTERRUPTED
    statuses = {outcome.status for outcome in outcomes}
    if "interrupted" in statuses:
        return INTERRUPTED
    return OK if statuses == {"ok"} else FAILED


def spin_shortly() -> None:
    """Let waiting threads of torch spin for a short time only, before torch is imported.

    Those that spin for long take many times as long on a busy machine; that few turns cost
    nothing on a quiet one.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")


def load(options: argparse.Namespace) -> list[MethodConfig]:
    """Read and check all files before anything runs.

    Raises:
        CommandLineError: there are no such files, or some of them cannot be used; the problems
            of every file have been printed.
        ConfigError: the files do not go together.
    """
    _check_output(options)
    configs, broken = [], 0
    for file in method_files(options.paths):
        try:
            configs.append(_load_one(file, options))
        except ConfigError as error:
            broken += 1
            print_error(error)
        else:
            if options.validate:
                sys.stdout.write(f"{file}: ok\n")
    if broken:
        raise CommandLineError(f"{_count(broken, 'file')} cannot be used; nothing was run")
    check_batch(configs, options.seed or [])
    return configs


def run(configs: Sequence[MethodConfig], options: argparse.Namespace) -> "list[Outcome]":
    """Run every method with every seed; print the summary; return what became of each."""
    from dcrf.reporting.summary import Outcome, summary  # noqa: PLC0415 - after the checks,
    from dcrf.running import Output, run_method  # noqa: PLC0415 - since torch takes its time

    several = bool(options.seed) and len(options.seed) > 1
    output = Output(
        options.output_dir,
        options.one_log_file,
        not options.no_log_files,
        not options.no_log_timestamps,
        several,
    )
    stopping = {"interrupted"} if options.resume_on_error else {"interrupted", "failed"}
    outcomes: list[Outcome] = []
    for config in configs:
        for seed in options.seed or [config.seed or 0]:
            if any(outcome.status in stopping for outcome in outcomes):
                outcomes.append(Outcome(str(config.source), config.name, seed, "not run"))
            else:
                outcomes.append(run_method(config, seed, output))
    sys.stdout.write(f"\n{summary(outcomes)}\n")
    return outcomes


def method_files(paths: Sequence[str]) -> list[Path]:
    """Return the files that the paths mean; a folder means the `*.json` directly in it.

    Raises:
        CommandLineError: a path does not exist, or a folder holds no method file.
    """
    return [file for path in paths for file in _files_in(_existing(path))]


def print_error(error: object) -> None:
    """Print to where errors go."""
    sys.stderr.write(f"{error}\n")


def _load_one(file: Path, options: argparse.Namespace) -> MethodConfig:
    config = load_method(file, options.settings, options.max_iterations)
    if options.device:
        filled = {**config.filled, "device": options.device}
        config = replace(config, device=options.device, filled=filled)

    from dcrf.builder import check  # noqa: PLC0415 - a file that breaks the schema needs no torch
    from dcrf.running import resolve_device  # noqa: PLC0415

    try:
        resolve_device(config.device)
    except DcrfError as error:
        where = "--device" if options.device else "$.device"
        raise ConfigError(file, [Problem(where, str(error), DEVICES)]) from error
    try:
        check(config)
    except ConfigError as error:
        raise ConfigError(file, with_places(file, error.problems, options.settings)) from error
    return config


def _check_output(options: argparse.Namespace) -> None:
    """Raise CommandLineError where results or logs cannot be written."""
    folders = [options.output_dir]
    if options.one_log_file:
        log = Path(options.one_log_file)
        folders.append(log.parent)
        if log.is_dir():
            raise CommandLineError(f"--one_log_file {log} is a folder")
    for folder in folders:
        for path in (folder, *folder.parents):
            if path.exists() and not path.is_dir():
                raise CommandLineError(f"{folder} cannot be a folder: {path} is a file")
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(existing, os.W_OK):
            raise CommandLineError(f"{folder} cannot be written: {existing} allows no writing")


def _existing(path: str) -> Path:
    for candidate in (Path(path), ROOT / path):
        if candidate.exists():
            return candidate
    places = " and ".join(dict.fromkeys(map(str, (Path.cwd(), ROOT))))
    raise CommandLineError(f"{path} does not exist (looked in {places})")


def _files_in(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if files := sorted(path.glob("*.json")):
        return files
    folders = sorted({str(file.parent) for file in path.rglob("*.json")})
    hint = f"; its folders with method files: {', '.join(folders)}" if folders else ""
    raise CommandLineError(f"{path} holds no method files (*.json){hint}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
