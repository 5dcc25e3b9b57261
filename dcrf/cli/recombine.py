"""The command `dcrf recombine`: run the combinations of a space, and compare them."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.cli.arguments import Parser, add_jobs, add_output_dir, positive
from dcrf.cli.executors import add_executor_flags, check_executor, executor_words
from dcrf.cli.main import main as run_methods
from dcrf.config.file_names import clean_name
from dcrf.errors import CommandLineError
from dcrf.reporting.writers import output_columns, say
from dcrf.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from dcrf.recombination.candidates import Candidates
    from dcrf.recombination.space import Space

OK = 0
_SIGNAL = 128
"""Exit codes above it say which signal has stopped the runs."""
DESCRIPTION = """\
Make methods of one by the choices in a space file, run those that can run, and compare them. Runs
that have finished are not repeated, so the command continues an interrupted search.
"""
EPILOG = """\
The folder <output folder>/<space>/ gets methods/ (a file for each combination), runs/,
ranking.csv, effects.csv, and best_by_*.json: the best method by each score as a file.
docs/recombination.md shows how a space is written.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    check_executor(options)
    say(f"checking {options.space} ...", is_error=True)
    from dcrf.recombination.candidates import candidates_of  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.report import space_in_words  # noqa: PLC0415 - it imports scipy
    from dcrf.recombination.results import finished_runs  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.run_files import write_files  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.space import read_space  # noqa: PLC0415 - for its errors

    space = read_space(options.space)
    candidates = candidates_of(space, options.max_iterations)
    for line in space_in_words(space.name, candidates):
        say(line)
    if not candidates.valid:
        raise CommandLineError(f"{space.source}: no combination is a method that runs")
    if options.validate:
        return OK
    folder = options.output_dir / clean_name(space.name)
    code = OK
    if not options.report:
        try:
            finished = finished_runs(folder / "runs")
            starts, files = write_files(candidates.valid, space.seeds, folder, finished)
        except OSError as error:
            raise CommandLineError(f"the method files cannot be written: {error}") from error
        if starts:
            say(f"\nfirst phases that combinations share: {len(starts)} runs")
            code = run_methods([*map(str, starts), *_run_flags(options, folder / "starts")])
            if code > _SIGNAL:
                return code
        if files:
            say(f"\ncombinations: {len(files)} runs")
            code = run_methods([*map(str, files), *_run_flags(options, folder)])
    try:
        _report(space, candidates, folder)
    except OSError as error:
        raise CommandLineError(f"the report cannot be written: {error}") from error
    return code


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


def _report(space: "Space", candidates: "Candidates", folder: Path) -> None:
    """Print and write the comparison of the finished runs."""
    from dcrf.recombination.report import SpaceReport  # noqa: PLC0415 - it imports scipy
    from dcrf.recombination.results import results_of  # noqa: PLC0415 - it imports torch
    from dcrf.recombination.run_files import write_method  # noqa: PLC0415 - it imports torch

    results, notes = results_of(candidates.valid, space.seeds, folder / "runs")
    if all(result.unfinished == len(space.seeds) for result in results):
        raise CommandLineError(
            f"no combination has a finished run in {folder / 'runs'}; "
            "--report needs the same --max_iterations as the search"
        )
    report = SpaceReport(space.slots, results)
    say("")
    for line in (*report.lines(output_columns()), *notes):
        say(line)
    write_atomically(folder / "ranking.csv", report.ranking_csv().encode())
    write_atomically(folder / "effects.csv", report.effects_csv().encode())
    for file in folder.glob("best_by_*.json"):
        file.unlink()
    for metric in dict.fromkeys((report.metric, report.unlabeled_metric)):
        if ranking := report.ranking(metric):
            write_method(folder / f"best_by_{metric}.json", ranking[0].candidate.content)
    say(f"written to {folder}")
