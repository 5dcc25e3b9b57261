"""The command `dcrf reproduce`: run a method with its published schedule, and compare."""

import argparse
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.cli.arguments import Parser, positive
from dcrf.cli.main import main as run_methods
from dcrf.cli.output import announce
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
    if not options.quiet:
        announce("loading", options.names or ["reproductions"])
    from dcrf.reproduction.entries import (  # noqa: PLC0415 - it imports torch
        read_reproductions,
        reproductions_called,
    )
    from dcrf.reproduction.lines import list_lines, report_lines  # noqa: PLC0415 - the same

    known, width = read_reproductions(), output_columns() or _WIDTH
    if options.list:
        finished = {name: [*_runs(r, options).finished()] for name, r in known.items()}
        for line in list_lines(known, finished, width):
            say(line)
        return OK
    if not options.names:
        raise CommandLineError("name a reproduction; --list shows all")
    deadline = time.monotonic() + 60 * (options.minutes or inf)
    code = OK
    for reproduction in reproductions_called(options.names, known):
        runs = _runs(reproduction, options)
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


def _runs(reproduction: "Reproduction", options: argparse.Namespace) -> "ReproducedRuns":
    return ReproducedRuns(
        reproduction,
        options.output_dir,
        data=options.data,
        device=options.device,
        max_iterations=options.max_iterations,
        is_quiet=options.quiet,
    )


class ReproducedRuns:
    """The runs of a reproduction in a folder.

    Args:
        reproduction: to run.
        output_dir: contains a folder for each method and its changes.
        data: contains the folders of data sets; None for the usual place.
        device: instead of the method's.
        max_iterations: of every phase; None for the published ones.
        is_quiet: whether only the summary is shown.

    content: of the method file.
    folder: contains the method file and its runs.
    """

    def __init__(
        self,
        reproduction: "Reproduction",
        output_dir: Path,
        *,
        data: Path | None = None,
        device: str | None = None,
        max_iterations: int | None = None,
        is_quiet: bool = False,
    ) -> None:
        from dcrf.reproduction.method import (  # noqa: PLC0415 - it imports torch
            method_content,
            method_digest,
        )

        self._changes = [word for s in reproduction.settings for word in ("--set", s)]
        self._changes += [] if device is None else ["--device", device]
        if max_iterations is not None:
            self._changes += ["--max_iterations", str(max_iterations)]
        self._other_flags = ["--quiet"] if is_quiet else []
        self._other_flags += ["--save_features"] if reproduction.saves_features else []
        self.content = method_content(reproduction, data)
        name = f"{reproduction.name}-{method_digest(self.content, self._changes)}"
        self.folder = output_dir / name

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
        code = run_methods([str(file), *flags, *self._other_flags, *self._changes])
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
