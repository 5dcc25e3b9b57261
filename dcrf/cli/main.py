"""The command line: check the files it names, run them, print a summary."""

import argparse
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence, Set
from datetime import datetime
from itertools import count
from pathlib import Path

from dcrf.cli.arguments import parse
from dcrf.cli.dry_runs import dry_runs, dry_runs_in_process, shapes_in_process, shapes_of
from dcrf.cli.executors import DEFAULT, check_executor, executor_of
from dcrf.cli.find_files import ROOT
from dcrf.cli.output import announce, open_output
from dcrf.cli.plan_runs import (
    PlannedRun,
    RejectedFile,
    check_output_paths,
    load_methods,
    plan_runs,
)
from dcrf.cli.report import problem_of_report, report_file, run_and_report
from dcrf.errors import CommandLineError, DcrfError, counted, describe, indented
from dcrf.executors.base import RunExecutor
from dcrf.reporting.color import has_color, with_colors
from dcrf.reporting.records import AS_ASKED, Outcome
from dcrf.reporting.run_view import Console, PlainConsole, RunView, console_for
from dcrf.reporting.summary import content, same_names, summary
from dcrf.reporting.writers import output_columns, say, say_json, say_whole
from dcrf.runs.job import Job, Output
from dcrf.runs.launched import Launched, launched
from dcrf.runs.run_all import run_all, run_job
from dcrf.runs.spinning import shorten_spinning
from dcrf.storage.atomic_files import write_json

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
FINAL = AS_ASKED | {"diverged", "invalid"}
"""Statuses of runs that need no resuming."""


def main(arguments: Sequence[str] | None = None, *, again: str | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        arguments: those of the process by default.
        again: the shell command that resumes unfinished runs, if it is not this one.
    """
    open_output()
    shorten_spinning()
    process = launched()
    if process is not None and process.rank > 0:
        return follow(process)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    if not options.quiet:
        announce("checking", options.paths)
    try:
        if process is not None and (options.print_config or options.validate):
            raise CommandLineError("checking a file needs one process: leave out torchrun")
        if options.print_config:
            return print_methods(options)
        return (
            validate(options)
            if options.validate
            else run(options, again or _again(options, arguments), names_new=again is None)
        )
    except DcrfError as error:
        say(str(error), is_error=True)
        return UNUSABLE
    except KeyboardInterrupt:  # before any run; later, an interruption is an outcome
        return INTERRUPTED


def validate(options: argparse.Namespace) -> int:
    """Check all files without running them; return the exit code."""
    runs, rejected = check_files(options)
    for config in {id(run.config): run.config for run in runs}.values():
        number = len(config.warnings)
        lines = [f"{config.source}: ok"]
        if number:
            lines[0] += f", {counted(number, 'warning')}"
            lines += [describe(config.source, warning) for warning in config.warnings]
        say(indented("\n".join(lines)))
    if rejected:
        raise CommandLineError(_unusable(rejected))
    return OK


def print_methods(options: argparse.Namespace) -> int:
    """Print every method as a run writes it to its `config.json`; return the exit code."""
    methods, invalid = load_methods(options, shapes_of)
    _print_errors(invalid)
    for config in methods:
        say_json(config.filled)
    if invalid:
        raise CommandLineError(_unusable(invalid))
    return OK


def run(options: argparse.Namespace, again: str, names_new: bool) -> int:
    """Run all methods, print and write the summary; return the exit code.

    Args:
        options: the flags.
        again: the shell command that resumes unfinished runs.
        names_new: with `--resume`, print the runs that were never started, too.
    """
    process = launched()
    if process is not None:
        _check_flags_of_launched(options)
    kind = check_executor(options)
    check_output_paths(options)
    runs, rejected = check_files(options)
    if rejected and not (runs and options.resume_on_error):
        raise CommandLineError(_unusable(rejected))
    if not options.quiet:
        resume_lines = _resume_lines(runs, names_new)
        for line in resume_lines if options.resume else _same_name_lines(runs):
            say(line)
    is_alone = kind.is_remote or process is not None or min(options.jobs or 1, len(runs)) == 1
    console = PlainConsole() if is_alone else console_for(sys.stderr)
    # the process of a run writes its page, unless others wait for this process
    reports = not options.no_report and process is None
    with _executor(process, options, console) as executor:
        unfinished = [run for run in runs if not run.outcome]
        jobs = jobs_of(unfinished, executor, len(runs), options)
        if jobs:
            executor.prepare(jobs, options.output_dir)
        ended = iter(
            run_all(
                jobs,
                executor,
                run=run_and_report if reports else run_job,
                at_once=executor.at_once(len(runs)),
                continue_on_failure=options.resume_on_error,
                say=console.say,
            )
        )
    outcomes = [run.outcome or next(ended) for run in runs]
    outcomes += [file.outcome for file in rejected]
    statuses = {outcome.status for outcome in outcomes}
    try:
        write_summary(outcomes, options.output_dir)
    except OSError as error:
        say(f"summary.json cannot be written: {error}", is_error=True)
        statuses.add("failed")
    if not options.no_report:
        if process is not None:
            _report_each(outcomes)
        _report(outcomes, options)
    say("")
    _say_summary(summary(outcomes, output_columns()))
    if len(outcomes) > 1 and statuses - FINAL:
        say(f"\nresume unfinished runs with: {again}")
    return exit_code(statuses, executor.signals)


def _again(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """Return the shell command that resumes the runs of a command line."""
    flags = [] if options.resume else ["--resume"]
    return f"{program()} {shlex.join([*arguments, *flags])}"


def follow(process: Launched) -> int:
    """Run the jobs that the first process sends; return the exit code."""
    from dcrf.runs import process_group  # noqa: PLC0415 - it imports torch

    return process_group.follow(process)


def _executor(
    process: Launched | None, options: argparse.Namespace, console: Console
) -> RunExecutor:
    """Return what runs jobs: what the flags mean, or the processes that torchrun has started."""
    if process is None:
        return executor_of(options, console)
    from dcrf.executors.launched.leading import LeadingExecutor  # noqa: PLC0415 - it imports torch

    return LeadingExecutor(process, console=console)


def _check_flags_of_launched(options: argparse.Namespace) -> None:
    """Raise CommandLineError for flags that need a process for each run."""
    flags = {
        "--jobs": (options.jobs or 1) > 1,
        "--executor": options.executor != DEFAULT,
        "--timeout": options.timeout is not None,
        "--resume_on_error": options.resume_on_error,
    }
    if given := [flag for flag, is_given in flags.items() if is_given]:
        raise CommandLineError(
            f"{' and '.join(given)} cannot be used with torchrun, whose processes share each run; "
            "leave it out, or start main.py without torchrun"
        )


def _report_each(outcomes: Sequence[Outcome]) -> None:
    """Write the page of each run that has a folder and was not interrupted."""
    for outcome in outcomes:
        if outcome.folder and outcome.status != "interrupted":
            folder = Path(outcome.folder)
            if problem := problem_of_report([folder], report_file(folder)):
                say(problem, is_error=True)


def _report(outcomes: Sequence[Outcome], options: argparse.Namespace) -> None:
    """Write the page of several runs, and say which page shows this invocation."""
    folders = [Path(outcome.folder) for outcome in outcomes if outcome.folder]
    if not folders or any(outcome.status == "interrupted" for outcome in outcomes):
        return
    file = report_file(options.output_dir if len(folders) > 1 else folders[0])
    if len(folders) > 1 and (problem := problem_of_report(folders, file)):
        say(problem, is_error=True)
    elif file.exists() and not options.quiet:
        say(f"\nreport: {file}")


def check_files(options: argparse.Namespace) -> tuple[list[PlannedRun], list[RejectedFile]]:
    """Load and check all files; print why files are rejected."""
    # runs need a process that imports torch anyway; if that is another one, this one does without
    is_here = options.validate or launched() is not None
    shapes = shapes_of if is_here else shapes_in_process
    dry_run = dry_runs if is_here else dry_runs_in_process
    methods, invalid = load_methods(options, shapes)
    _print_errors(invalid)
    runs, unfit = plan_runs(methods, options, dry_run)
    _print_errors(unfit)
    return runs, [*invalid, *unfit]


def jobs_of(
    runs: Sequence[PlannedRun], executor: RunExecutor, n_runs: int, options: argparse.Namespace
) -> list[Job]:
    """Return the jobs of runs.

    Args:
        runs: that have not ended.
        executor: decides how many run at the same time, and their threads.
        n_runs: the number of all runs on the command line.
        options: the flags.
    """
    jobs = []
    at_once = executor.at_once(n_runs)
    has_prefix = executor.is_remote or at_once > 1
    for run in runs:
        start = run.existing.start if run.existing else None
        seed = "" if run.seed_in_names is None else f", seed {run.seed}"
        output = Output(
            folder=options.output_dir,
            log_file=options.one_log_file,
            writes_logs=not options.no_log_files,
            timestamps=not options.no_log_timestamps,
            seed_in_names=run.seed_in_names,
            checkpoint_interval=options.checkpoint_interval,
            trackers=tuple(options.tracker),
            keeps_checkpoints=options.keep_checkpoints,
            resume_folder=run.existing.folder if run.existing else None,
            threads=start.threads if start else None,
            program=program(),
            prefix=f"{run.config.name}{seed}: " if has_prefix else "",
            overrides=run.overrides,
            saves_features=start.saves_features if start else options.save_features,
            moments_interval=start.moments_interval if start else options.save_moments,
            end=run.end,
            shows_lines=not options.quiet,
            sends_status=isinstance(executor.console, RunView),
        )
        threads = output.threads or executor.threads(run.threads, at_once)
        jobs.append(Job(run.config, run.seed, output, threads))
    return jobs


def write_summary(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write `summary.json` and a copy `summary-<time>.json` that later invocations keep.

    Raises:
        OSError: a file cannot be written.
    """
    values = content(outcomes)
    write_json(folder / "summary.json", values)
    name = f"summary-{datetime.now():%Y-%m-%dT%H-%M-%S}"
    names = (f"{name}.json" if number == 1 else f"{name}-{number}.json" for number in count(1))
    write_json(next(folder / name for name in names if not (folder / name).exists()), values)


def program() -> str:
    """Return the shell command that runs the command line from the current folder."""
    here, python = Path.cwd(), Path(sys.executable)
    if shutil.which("python") == sys.executable:
        python = Path("python")
    elif python.is_relative_to(here):
        python = python.relative_to(here)
    script = ROOT / "main.py"
    return shlex.join([str(python), str(script.relative_to(here) if here == ROOT else script)])


def exit_code(statuses: Set[str], signals: Sequence[int]) -> int:
    """Return the exit code for the statuses of all runs and the signals received."""
    if signals:
        return 128 + signals[0]  # as shells report a program that a signal has ended
    if "interrupted" in statuses:
        return INTERRUPTED
    return OK if statuses and statuses <= AS_ASKED else FAILED


def _resume_lines(runs: Sequence[PlannedRun], names_new: bool) -> Iterator[str]:
    """Yield a line for every run that does not resume; the others log their checkpoint."""
    for run in runs:
        name = f"{run.config.name}  seed {run.seed}"
        if run.existing is None:
            if names_new:
                yield f"{name}  was never started, so it starts now"
        elif run.outcome:
            how = "is finished" if run.outcome.status == "ok" else f"has {run.outcome.error}"
            yield f"{name}  {how}, results in {run.existing.folder}"


def _same_name_lines(runs: Sequence[PlannedRun]) -> Iterator[str]:
    """Yield a line for every name of several files, whose runs are in one folder."""
    sources = dict.fromkeys((run.config.name, str(run.config.source)) for run in runs)
    for name, files in same_names(sources).items():
        yield f"{name}  note: {' and '.join(files)} have this name; the table adds the file"


def _say_summary(text: str) -> None:
    if has_color(sys.stdout):
        say_whole(with_colors(text))
    else:
        say(text)


def _print_errors(rejected: Sequence[RejectedFile]) -> None:
    for file in rejected:
        say(str(file.error), is_error=True)


def _unusable(rejected: Sequence[RejectedFile]) -> str:
    return f"{counted(len(rejected), 'file')} cannot be used; nothing was run"
