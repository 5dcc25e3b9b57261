"""The command `dcrf reproduce`: run a method with its published schedule, and compare."""

import argparse
import time
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.cli.arguments import Parser, positive
from dcrf.cli.main import main as run_methods
from dcrf.errors import CommandLineError
from dcrf.reporting.writers import output_columns, say
from dcrf.storage.atomic_files import write_json

if TYPE_CHECKING:
    from dcrf.reproduction.entries import Reproduction
    from dcrf.reproduction.seed_result import SeedResult

OK, FAILED = 0, 1
_WIDTH = 110  # of lines that go to no terminal
INTERRUPTED = (130, 143)
"""Exit codes of the command line after SIGINT and SIGTERM."""
DESCRIPTION = """\
Run shipped methods with their published schedules, over seeds, and compare the scores with the
published ones: mean, deviation, interval, distance and a test. Runs that have finished are not
repeated, and an unfinished one is resumed, so the command continues where it stopped.
"""
EPILOG = """\
docs/reproduction.md has all results. Full schedules take hours: dcrf reproduce NAME --minutes 60
stops after an hour with a checkpoint, and the same command continues.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    from dcrf.reproduction.entries import (  # noqa: PLC0415 - it imports torch
        read_reproductions,
        reproductions_called,
    )
    from dcrf.reproduction.lines import list_lines, report_lines  # noqa: PLC0415 - the same

    known, width = read_reproductions(), output_columns() or _WIDTH
    if options.list:
        finished = {name: [*ReproducedRuns(r, options).finished()] for name, r in known.items()}
        for line in list_lines(known, finished, width):
            say(line)
        return OK
    if not options.names:
        raise CommandLineError("name a reproduction; --list shows all")
    deadline = time.monotonic() + 60 * (options.minutes or inf)
    code = OK
    for reproduction in reproductions_called(options.names, known):
        runs = ReproducedRuns(reproduction, options)
        for seed in range(options.seeds or reproduction.seeds):
            if seed not in runs.finished():
                code = max(code, runs.run(seed, deadline))
            if code in INTERRUPTED:
                return code
            if time.monotonic() >= deadline:
                say("the time is over; the same command continues")
                break
        say("")
        for line in report_lines(reproduction, [*runs.finished().values()], width):
            say(line)
        if options.max_iterations:
            say(f"shortened to {options.max_iterations} iterations: the distances mean nothing")
    return code


class ReproducedRuns:
    """The runs of a reproduction in a folder.

    Args:
        reproduction: to run.
        options: `output_dir`, `data`, `device`, `max_iterations` and `quiet`, as parsed.

    content: of the method file.
    folder: contains the method file and its runs.
    """

    def __init__(self, reproduction: "Reproduction", options: argparse.Namespace) -> None:
        from dcrf.reproduction.method import (  # noqa: PLC0415 - it imports torch
            method_content,
            runs_of,
        )

        self._changes = [*_changes(reproduction, options)]
        self._is_quiet = options.quiet
        self.content = method_content(reproduction, options.data)
        self.folder: Path = options.output_dir / runs_of(self.content, self._changes)

    def finished(self) -> dict[int, "SeedResult"]:
        """Return seed -> result of every finished run, sorted by seed."""
        from dcrf.reproduction.finished import finished_seeds  # noqa: PLC0415 - it imports torch

        return finished_seeds(self.folder, self.content)

    def run(self, seed: int, deadline: float = inf) -> int:
        """Run a seed, or resume its run; return the exit code of the command line, 0 if time ended.

        Args:
            seed: of the run.
            deadline: the time of the monotonic clock at which the run stops with a checkpoint.
        """
        file = self.folder / f"{self.content['name']}.json"
        try:
            write_json(file, self.content)
        except OSError as error:
            raise CommandLineError(f"the method file cannot be written: {error}") from error
        flags = ["--seed", str(seed), "--resume", "--no_report", "--output_dir", str(self.folder)]
        if deadline < inf:
            flags += ["--timeout", str(max(1.0, deadline - time.monotonic()))]
        if self._is_quiet:
            flags.append("--quiet")
        code = run_methods([str(file), *flags, *self._changes])
        return OK if code == FAILED and time.monotonic() >= deadline else code


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(prog="dcrf reproduce", description=DESCRIPTION, epilog=EPILOG)
    add = flags.add_argument
    add("names", nargs="*", metavar="NAME", help="reproductions, such as dec_cc_hybrid_mnist")
    add("--list", action="store_true", help="show all reproductions and the seeds that have run")
    add(
        "--seeds",
        type=positive,
        metavar="N",
        help="run seeds 0 to N - 1, default: as many as were published",
    )
    add("--minutes", type=positive, metavar="N", help="stop after N minutes with a checkpoint")
    add(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="contains the folders of data sets, such as mnist; default: datasets",
    )
    add("--device", help="torch device instead of the method's: cpu, cuda, cuda:1, ...")
    add("--max_iterations", type=positive, metavar="N", help="try it out: shorten every phase")
    add(
        "--output_dir",
        type=Path,
        default=Path("runs", "reproduction"),
        metavar="FOLDER",
        help="folder for runs, default: runs/reproduction",
    )
    add("--quiet", action="store_true", help="print only summaries, comparisons and errors")
    return flags


def _changes(reproduction: "Reproduction", options: argparse.Namespace) -> Iterator[str]:
    """Yield the flags that change the method."""
    for setting in reproduction.settings:
        yield from ("--set", setting)
    for flag in ("device", "max_iterations"):
        if (value := vars(options)[flag]) is not None:
            yield from (f"--{flag}", str(value))
