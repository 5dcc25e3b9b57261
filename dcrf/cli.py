"""The command line: which files, how to run them, what to say at the end."""

import argparse
import os
import sys
from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.config import check_batch, load_method, with_places
from dcrf.config.model import MethodConfig
from dcrf.errors import ConfigError, DcrfError, Problem
from dcrf.files import write_json
from dcrf.flags import parser
from dcrf.resuming import Begun, begun, method_file

if TYPE_CHECKING:
    from dcrf.reporting.summary import Outcome
    from dcrf.running import Output

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
        configs, invalid = load(options)
        return OK if options.validate else run(configs, invalid, options)
    except (ConfigError, CommandLineError) as error:
        print_error(error)
        return UNUSABLE
    except KeyboardInterrupt:  # before the runs; there it is an outcome
        return INTERRUPTED


def spin_shortly() -> None:
    """Let waiting threads of torch spin for a short time only, before torch is imported.

    Those that spin for long take many times as long on a busy machine; that few turns cost
    nothing on a quiet one.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")


def load(options: argparse.Namespace) -> "tuple[list[MethodConfig], list[Outcome]]":
    """Read and check all files before anything runs.

    With `--resume_on_error` files that cannot be used are outcomes of their own, as long as there
    are others.

    Raises:
        CommandLineError: there are no such files, or some of them cannot be used; the problems
            of every file have been printed.
        ConfigError: the files do not go together.
    """
    _check_output(options)
    goes_on = options.resume_on_error and not options.validate
    configs, invalid = [], []
    for file in method_files([method_file(path, options.resume) for path in options.paths]):
        try:
            configs.append(_load_one(file, options))
        except ConfigError as error:
            invalid.append(_invalid(error))
        else:
            if options.validate:
                sys.stdout.write(f"{file}: ok\n")
    if invalid and not (configs and goes_on):
        raise CommandLineError(f"{_count(len(invalid), 'file')} cannot be used; nothing was run")
    try:
        check_batch(configs, options.seed or [])
    except ConfigError:
        if not goes_on:
            raise
        configs, unfit = _fitting(configs, options.seed or [])
        invalid += unfit
    return configs, invalid


def run(
    configs: Sequence[MethodConfig], invalid: "Sequence[Outcome]", options: argparse.Namespace
) -> int:
    """Run every method with every seed, print and write the summary; return the exit code."""
    from dcrf.experiments.batch import Rules, run_batch  # noqa: PLC0415 - after the checks,
    from dcrf.experiments.child import say  # noqa: PLC0415 - since torch
    from dcrf.reporting.summary import content, summary  # noqa: PLC0415 - takes its time

    output = _output(options)
    seeds = [(config, seed) for config in configs for seed in options.seed or [config.seed or 0]]
    found = [begun(*run, options.output_dir) if options.resume else Begun() for run in seeds]
    left = [
        (config, seed, replace(output, begun=one.folder))
        for (config, seed), one in zip(seeds, found, strict=True)
        if one.outcome is None
    ]
    rules = Rules(options.jobs, options.timeout, options.resume_on_error)
    sys.stdout.flush()
    made, signals = run_batch(left, rules) if left else ([], [])
    new = iter(made)
    outcomes = [*(one.outcome or next(new) for one in found), *invalid]
    say(f"\n{summary(outcomes)}")
    statuses = {outcome.status for outcome in outcomes}
    try:
        write_json(options.output_dir / "summary.json", content(outcomes))
    except OSError as error:
        print_error(f"summary.json cannot be written: {error}")
        statuses.add("failed")
    return exit_code(statuses, signals)


def exit_code(statuses: Set[str], signals: Sequence[int]) -> int:
    """Return what the statuses of all runs, and the signals meanwhile, come to."""
    if signals:
        return 128 + signals[0]  # as a shell says it of a program that a signal has ended
    if "interrupted" in statuses:
        return INTERRUPTED
    return OK if statuses == {"ok"} else FAILED


def method_files(paths: Sequence[str]) -> list[Path]:
    """Return the files that the paths mean; a folder means the `*.json` directly in it.

    Raises:
        CommandLineError: a path does not exist, or a folder holds no method file.
    """
    return [file for path in paths for file in _files_in(_existing(path))]


def print_error(error: object) -> None:
    """Print to where errors go."""
    sys.stderr.write(f"{error}\n")


def _invalid(error: ConfigError) -> "Outcome":
    """Print why a file cannot be used, and return that as an outcome."""
    from dcrf.reporting.summary import Outcome  # noqa: PLC0415

    print_error(error)
    cause = str(error).splitlines()[0]
    return Outcome(str(error.source), Path(error.source).stem, None, "invalid", error=cause)


def _fitting(
    configs: Sequence[MethodConfig], seeds: Sequence[int]
) -> "tuple[list[MethodConfig], list[Outcome]]":
    """Return the methods that go together with those before them, and the others as outcomes."""
    fitting: list[MethodConfig] = []
    unfit: list[Outcome] = []
    for config in configs:
        try:
            check_batch([*fitting, config], seeds)
        except ConfigError as error:
            unfit.append(_invalid(ConfigError(config.source, error.problems)))
        else:
            fitting.append(config)
    return fitting, unfit


def _load_one(file: Path, options: argparse.Namespace) -> MethodConfig:
    config = load_method(file, options.settings, options.max_iterations)
    if not options.validate:
        from dcrf.experiments.isolation import prepare  # noqa: PLC0415 - other uses need no processes

        prepare()
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


def _output(options: argparse.Namespace) -> "Output":
    from dcrf.running import Output  # noqa: PLC0415 - after the checks

    return Output(
        options.output_dir,
        options.one_log_file,
        not options.no_log_files,
        not options.no_log_timestamps,
        len(options.seed or []) > 1,
        options.checkpoint_interval,
    )


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
