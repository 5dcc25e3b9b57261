"""The command line: run what it names, say at the end what became of it."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence, Set
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.cli.arguments import parser
from dcrf.cli.plan_runs import ROOT, CommandLineError, Planned, load
from dcrf.errors import ConfigError
from dcrf.reporting.summary import Outcome, content, summary
from dcrf.reporting.writers import say
from dcrf.storage.atomic_files import write_json

if TYPE_CHECKING:
    from dcrf.runs.one_run import Output

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
IN_VAIN = {"ok", "diverged", "invalid"}
"""Statuses of runs that come to the same end if they go on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    open_output()
    spin_shortly()
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(arguments)
    try:
        plans, invalid = load(options)
        return OK if options.validate else run(plans, invalid, options, arguments)
    except (ConfigError, CommandLineError) as error:
        say(str(error), is_error=True)
        return UNUSABLE
    except KeyboardInterrupt:  # before the runs; there it is an outcome
        return INTERRUPTED


def open_output() -> None:
    """Let everything be printed: to nowhere if output is closed, escaped what it cannot show."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - it stays open to the end
    if sys.stderr is None:
        sys.stderr = sys.stdout
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def spin_shortly() -> None:
    """Let waiting threads of torch spin for a short time only, before torch is imported.

    Those that spin for long take many times as long on a busy machine; that few turns cost
    nothing on a quiet one.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")


def run(
    plans: Sequence[Planned],
    invalid: Sequence[Outcome],
    options: argparse.Namespace,
    arguments: Sequence[str],
) -> int:
    """Make all runs, print and write the summary; return the exit code."""
    from dcrf.runs.run_all import Rules, run_batch  # noqa: PLC0415 - after the checks

    if options.resume:
        say("\n".join(map(_standing, plans)))
    left = [plan for plan in plans if not (plan.begun and plan.begun.outcome)]
    jobs = [(plan.config, plan.seed, _output(plan, options)) for plan in left]
    rules = Rules(min(options.jobs, len(plans)), options.timeout, options.resume_on_error)
    made, signals = run_batch(jobs, rules) if jobs else ([], [])
    new = iter(made)
    found = [plan.begun.outcome if plan.begun else None for plan in plans]
    outcomes = [*(outcome or next(new) for outcome in found), *invalid]
    statuses = {outcome.status for outcome in outcomes}
    try:
        write_json(options.output_dir / "summary.json", content(outcomes))
    except OSError as error:
        say(f"summary.json cannot be written: {error}", is_error=True)
        statuses.add("failed")
    say(f"\n{summary(outcomes)}")
    if len(outcomes) > 1 and statuses - IN_VAIN:
        more = [] if options.resume else ["--resume"]
        say(f"\nwhat is not done goes on with: {program()} {shlex.join([*arguments, *more])}")
    return exit_code(statuses, signals)


def program() -> str:
    """Return what a person types here to run the command line."""
    here, python = Path.cwd(), Path(sys.executable)
    if shutil.which("python") == sys.executable:
        python = Path("python")
    elif python.is_relative_to(here):
        python = python.relative_to(here)
    script = ROOT / "main.py"
    return shlex.join([str(python), str(script.relative_to(here) if here == ROOT else script)])


def exit_code(statuses: Set[str], signals: Sequence[int]) -> int:
    """Return what the statuses of all runs, and the signals meanwhile, come to."""
    if signals:
        return 128 + signals[0]  # as a shell says it of a program that a signal has ended
    if "interrupted" in statuses:
        return INTERRUPTED
    return OK if statuses == {"ok"} else FAILED


def _standing(plan: Planned) -> str:
    """Return in words where a run stands that is to go on."""
    name = f"{plan.config.name}  seed {plan.seed}"
    if plan.begun is None:
        return f"{name}  has not begun yet, so it begins now"
    if plan.begun.outcome:
        return f"{name}  is finished, results in {plan.begun.folder}"
    return f"{name}  goes on in {plan.begun.folder}"


def _output(plan: Planned, options: argparse.Namespace) -> "Output":
    from dcrf.runs.one_run import Output  # noqa: PLC0415 - after the checks

    return Output(
        folder=options.output_dir,
        log_file=options.one_log_file,
        writes_logs=not options.no_log_files,
        timestamps=not options.no_log_timestamps,
        seed_in_names=plan.seed_in_names,
        checkpoint_interval=options.checkpoint_interval,
        begun=plan.begun.folder if plan.begun else None,
        threads=plan.begun.beginning.threads if plan.begun else None,
        program=program(),
    )
