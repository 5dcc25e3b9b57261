"""The command `dcrf report`: an HTML page of runs."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dcrf.cli.arguments import Parser
from dcrf.cli.describe import description
from dcrf.cli.output import announce
from dcrf.config import load_checked
from dcrf.errors import CommandLineError, DcrfError, cause_of, counted
from dcrf.report.projection_names import NOTES, PCA
from dcrf.reporting.blocks import Paragraph
from dcrf.reporting.records import Outcome
from dcrf.reporting.writers import say
from dcrf.runs.job import Job
from dcrf.runs.launched import launched
from dcrf.runs.process_entry import call_in_process
from dcrf.runs.run_all import run_job
from dcrf.runs.run_folder import CONFIGURATION

OK = 0
_NAME, _PLOTS = "report.html", "plots"
DESCRIPTION = """\
Write an HTML page of runs: scores, curves, clusters with examples, features, and the method. It is
one file that needs no network. Runs that have not finished are shown as far as they got.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    announce("loading", options.runs)
    if options.plots:
        _write_plots(options)
    file = options.output or report_file(options.runs[0] if len(options.runs) == 1 else Path())
    number = write_report(options.runs, file, options.projection)
    say(f"{file}: {counted(number, 'run')}")
    return OK


def _write_plots(options: argparse.Namespace) -> None:
    """Write the figures of each run, and say where they are."""
    from dcrf.report.plots import write_plots  # noqa: PLC0415 - it imports numpy
    from dcrf.report.saved_files import read_run  # noqa: PLC0415
    from dcrf.runs.run_folder import runs_below  # noqa: PLC0415

    folders = runs_below(options.runs)
    for folder in folders:
        if options.plots is True:
            own = folder / _PLOTS
        elif len(folders) == 1:
            own = options.plots
        else:
            own = options.plots / folder.parent.name / folder.name
        run = read_run(folder)
        try:
            files = write_plots(run, own, options.projection)
        except OSError as error:
            raise CommandLineError(f"plots cannot be written to {own}: {error}") from error
        for problem in run.problems:
            say(f"warning: {problem}", is_error=True)
        say(f"{own}: {len(files)} files")


def report_file(folder: Path) -> Path:
    """Return the page in a folder."""
    return folder / _NAME


def write_report(paths: Sequence[Path], file: Path, projection: str = PCA) -> int:
    """Write the page of the runs in folders; return their number.

    Args:
        paths: run folders, or folders that contain some.
        file: of the page.
        projection: of scatter plots.

    Raises:
        DataError: a path contains no run, or the package of the projection is not installed.
        CommandLineError: the file cannot be written.
    """
    from dcrf.report.page import page  # noqa: PLC0415 - it imports numpy
    from dcrf.runs.saved_scores import saved_runs  # noqa: PLC0415
    from dcrf.storage.atomic_files import write_atomically  # noqa: PLC0415

    runs = saved_runs(paths)
    content = page(runs, _described, file.parent, projection)
    try:
        write_atomically(file, content.encode(errors="backslashreplace"))
    except OSError as error:
        raise CommandLineError(f"the report cannot be written to {file}: {error}") from error
    return len(runs)


def run_and_report(job: Job) -> Outcome:
    """Run a job in this process, and write the page of its run, which changes no outcome."""
    outcome = run_job(job)
    if outcome.folder is not None and outcome.status != "interrupted":
        folder = Path(outcome.folder)
        if problem := _problem(([folder], report_file(folder))):
            say(f"{job.output.prefix}{problem}", is_error=True)
    return outcome


def problem_of_report(folders: Sequence[Path], file: Path) -> str | None:
    """Write the page of runs in a process that imports torch; return a warning if that fails."""
    if launched() is not None:  # this process has imported it
        return _problem((folders, file))
    try:
        return call_in_process(_problem, (folders, file))
    except (DcrfError, KeyboardInterrupt) as error:
        return _warning(file, error)


def _problem(request: tuple[Sequence[Path], Path]) -> str | None:
    """Write the page of runs to a file; return a warning if that fails."""
    try:
        write_report(*request)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the runs are done already
        return _warning(request[1], error)
    return None


def _warning(file: Path, error: BaseException) -> str:
    return f"warning: no {file}: {cause_of(error)}"


def _described(run: Any) -> Any:
    """Return the method of a run as `Described`, with the blocks that `dcrf describe` prints.

    Args:
        run: its `SavedFiles`, which notes a problem if the method cannot be described.
    """
    from dcrf.dry_run.shapes import method_shapes  # noqa: PLC0415 - it imports torch
    from dcrf.report.diagram import MappingFacts  # noqa: PLC0415
    from dcrf.report.method import Described  # noqa: PLC0415

    try:
        config = load_checked(run.folder / CONFIGURATION, check_inputs=False)
        shapes = method_shapes(config)
        blocks = list(description(config, shapes))
    except DcrfError as error:
        run.problems.append(f"the method cannot be described: {error}")
        return None
    facts = {
        name: MappingFacts(mapping.reads, mapping.writes, mapping.parameters)
        for name, mapping in shapes.mappings.items()
    }
    starts = (n for n, block in enumerate(blocks) if block == Paragraph("data sets"))
    return Described(config, facts, blocks[next(starts) :])


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf report",
        description=DESCRIPTION,
    )
    flags.add_argument(
        "runs",
        type=Path,
        nargs="+",
        metavar="RUN",
        help="run folders, or folders that contain some, such as runs",
    )
    flags.add_argument(
        "--projection",
        choices=[*NOTES],
        default=PCA,
        help="of scatter plots, default: pca; t_sne and umap take seconds for each plot",
    )
    flags.add_argument(
        "--plots",
        type=Path,
        nargs="?",
        const=True,
        metavar="FOLDER",
        help="also write figures for papers as PNG and PDF, by default to plots in each run folder",
    )
    flags.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="default: report.html in the folder that is named, in the current one for several",
    )
    return flags
