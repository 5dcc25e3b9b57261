"""The command `dcrf recombine`: run the combinations of a space, and compare them."""

import argparse
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.cli.arguments import Parser, add_jobs, add_output_dir, positive
from dcrf.cli.executors import add_executor_flags, check_executor, executor_words
from dcrf.cli.main import main as run_methods
from dcrf.cli.output import announce, command
from dcrf.config.file_names import clean_name
from dcrf.errors import CommandLineError
from dcrf.reporting.lines import duration
from dcrf.reporting.writers import output_columns, say
from dcrf.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from dcrf.recombination.candidates import Candidate, Candidates
    from dcrf.recombination.report import SpaceReport
    from dcrf.recombination.space import Space

OK = 0
_UNUSABLE, _SIGNALED = 2, 128
"""Exit codes: no run could start; from 128 on, a signal has stopped the runs."""
DESCRIPTION = """\
Make methods of one by the choices in a space file, run those that can run, and compare them. Runs
that have finished are not repeated, so the command continues an interrupted search.
"""
EPILOG = """\
The folder <output folder>/<space>/ gets methods/ (a file for each combination), runs/,
ranking.csv, effects.csv, and best_by_*.json: the best method by each score as a file; rungs.csv and
confirmation.csv if the space has them.
docs/recombination.md shows how a space is written.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    check_executor(options)
    if not options.quiet:
        announce("checking", [options.space])
    from dcrf.recombination.candidates import candidates_of  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.confirmation import check_settings  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.space import read_space  # noqa: PLC0415 - for its errors

    space = read_space(options.space)
    if options.validate or not space.is_suggested:
        candidates = candidates_of(space, options.max_iterations)
        _say_number(space, candidates)
    else:
        candidates = None
    check_settings(space, options.max_iterations)
    if options.validate:
        return OK
    again = f"{command()} recombine {shlex.join(arguments)}"
    runs = _Runs(options, options.output_dir / clean_name(space.name), again)
    try:
        _search(space, candidates, runs)
    except _StoppedError as error:
        return error.code
    except OSError as error:
        raise CommandLineError(f"a file of the search cannot be written: {error}") from error
    return runs.code


class _StoppedError(Exception):
    """A signal has stopped the runs, or none could start; `code` is the exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Runs:
    """Runs combinations in the folder of a search, those that have not finished.

    Args:
        options: the flags.
        folder: of the search.
        again: the shell command that continues it.

    code: the exit code of the runs so far.
    """

    def __init__(self, options: argparse.Namespace, folder: Path, again: str) -> None:
        self.options, self.folder, self.again = options, folder, again
        self.code = OK

    def __call__(self, candidates: Sequence["Candidate"], seeds: Sequence[int]) -> None:
        """Run combinations with seeds.

        Raises:
            _StoppedError: a signal has stopped the runs, or none could start.
            OSError: the method files cannot be written.
        """
        from dcrf.recombination.results import finished_runs  # noqa: PLC0415 - it imports torch
        from dcrf.recombination.run_files import write_files  # noqa: PLC0415 - it imports torch

        if self.options.report:
            return
        each_once = list({candidate.name: candidate for candidate in candidates}.values())
        finished = finished_runs(self.folder / "runs")
        starts, files = write_files(each_once, seeds, self.folder, finished)
        if starts:
            say(f"\nfirst phases that combinations share: {len(starts)} runs")
            self._run(starts, self.folder / "starts")
        if files:
            say(f"\ncombinations: {len(files)} runs")
            self.code = max(self.code, self._run(files, self.folder))

    def _run(self, files: Sequence[Path], folder: Path) -> int:
        words = [*map(str, files), *_run_flags(self.options, folder)]
        code = run_methods(words, again=self.again)
        if code == _UNUSABLE or code >= _SIGNALED:
            raise _StoppedError(code)
        return code


def _say_number(space: "Space", candidates: "Candidates") -> None:
    """Print how many combinations are methods. Raises CommandLineError if none is."""
    from dcrf.recombination.report import space_in_words  # noqa: PLC0415 - it imports scipy

    for line in space_in_words(space.name, candidates):
        say(line)
    if not candidates.valid:
        raise CommandLineError(f"{space.source}: no combination is a method that runs")


def _search(space: "Space", candidates: "Candidates | None", runs: _Runs) -> None:
    """Run the combinations and their confirmation; report them.

    Args:
        space: of the search.
        candidates: its combinations; None if they are suggested one by one.
        runs: runs them.
    """
    from dcrf.recombination.confirmation import confirm, to_confirm  # noqa: PLC0415 - torch
    from dcrf.recombination.halving import halved  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.ranking import ranked  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.report import SpaceReport  # noqa: PLC0415 - it imports scipy
    from dcrf.recombination.results import results_of, seconds_of_runs  # noqa: PLC0415 - torch
    from dcrf.recombination.suggestions import suggested  # noqa: PLC0415 - it imports torch
    from dcrf.reporting.scores import heading  # noqa: PLC0415

    folder, shortest = runs.folder / "runs", runs.options.max_iterations
    if candidates is None:
        candidates = suggested(space, runs, folder, shortest)
        say("")
        _say_number(space, candidates)
    left, rungs = halved(space, candidates.valid, runs, folder, shortest)
    runs(left, space.seeds)
    results, notes = results_of(left, space.seeds, folder)
    has_none = all(result.unfinished == len(space.seeds) for result in results)
    if has_none and not any(result.finished for rung in rungs for result in rung.results):
        raise CommandLineError(
            f"no combination has a finished run in {folder}; "
            "--report needs the same --max_iterations as the search"
        )
    report = SpaceReport(space.slots, results, rungs)
    best = {
        metric: ranking[0].candidate
        for metric in report.metrics
        if (ranking := ranked(results, metric))
    }
    _write(report, best, runs.folder)
    if space.confirmation is not None and best:
        metrics: dict[str, list[str]] = {}
        for metric, candidate in best.items():
            metrics.setdefault(candidate.name, []).append(heading(metric))
        named = {f"best by {' and '.join(metrics[each.name])}": each for each in best.values()}
        main, ablations = to_confirm(space, named, shortest)
        confirmed = confirm(space, main, ablations, runs, folder, shortest)
        report = replace(report, confirmed=confirmed)
        _write(report, best, runs.folder)
    number, seconds = seconds_of_runs(runs.folder)
    say("")
    for line in (*report.lines(output_columns()), *notes):
        say(line)
    say(f"{number} runs took {duration(seconds)} in all; written to {runs.folder}")


def _write(report: "SpaceReport", best: Mapping[str, "Candidate"], folder: Path) -> None:
    """Write the comparison of the finished runs."""
    from dcrf.recombination.run_files import write_method  # noqa: PLC0415 - it imports torch

    tables = {"ranking": report.ranking_csv(), "effects": report.effects_csv()}
    if report.rungs:
        tables["rungs"] = report.rungs_csv()
    if report.confirmed:
        tables["confirmation"] = report.confirmation_csv()
    for name, table in tables.items():
        write_atomically(folder / f"{name}.csv", table.encode())
    for file in folder.glob("best_by_*.json"):
        file.unlink()
    for metric, candidate in best.items():
        write_method(folder / f"best_by_{metric}.json", candidate.content)


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(prog="dcrf recombine", description=DESCRIPTION, epilog=EPILOG)
    add = flags.add_argument
    add("space", type=Path, metavar="SPACE", help="a space file")
    add("--validate", action="store_true", help="count the combinations, and run nothing")
    add("--report", action="store_true", help="compare the runs that there are, and run nothing")
    add_jobs(flags)
    add_executor_flags(flags)
    add("--device", help="torch device instead of the base's: cpu, cuda, cuda:1, ...")
    add("--max_iterations", type=positive, metavar="N", help="end every phase after N iterations")
    add_output_dir(flags)
    add("--quiet", action="store_true", help="print only the summary, the report and errors")
    return flags


def _run_flags(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    yield from (
        "--output_dir",
        str(folder / "runs"),
        "--resume",
        "--resume_on_error",
        "--no_report",
    )
    yield from executor_words(options)
    for flag in ("jobs", "device", "max_iterations"):
        if (value := vars(options)[flag]) is not None:
            yield from (f"--{flag}", str(value))
    if options.quiet:
        yield "--quiet"
