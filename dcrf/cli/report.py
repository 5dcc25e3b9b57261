"""The command `dcrf report`: an HTML page of runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dcrf.cli.arguments import Parser
from dcrf.cli.describe import description
from dcrf.config import load_checked
from dcrf.errors import CommandLineError, DcrfError
from dcrf.reporting.blocks import Block, Paragraph
from dcrf.reporting.writers import say
from dcrf.runs.run_folder import CONFIGURATION

OK = 0
_NAME = "report.html"
DESCRIPTION = """\
Write an HTML page of runs: scores, curves, clusters with examples, features, and the method. It is
one file that refers to no other one. Runs that have not finished are shown as far as they got.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    from dcrf.report.page import page  # noqa: PLC0415 - it imports numpy
    from dcrf.runs.saved_scores import saved_runs  # noqa: PLC0415
    from dcrf.storage.atomic_files import write_atomically  # noqa: PLC0415

    runs = saved_runs(options.runs)
    file = options.output or _default_file(options.runs)
    content = page(runs, _description, options.projection)
    try:
        write_atomically(file, content.encode(errors="backslashreplace"))
    except OSError as error:
        raise CommandLineError(f"the report cannot be written to {file}: {error}") from error
    say(f"{file}: {len(runs)} run{'s' if len(runs) != 1 else ''}")
    return OK


def _description(run: Any) -> list[Block]:
    """Return the blocks that `dcrf describe` prints of a run, without name and description.

    Args:
        run: its `SavedFiles`.
    """
    try:
        config = load_checked(run.folder / CONFIGURATION, check_inputs=False)
        blocks = list(description(config))
    except DcrfError as error:
        run.problems.append(f"the method cannot be described: {error}")
        return []
    starts = (n for n, block in enumerate(blocks) if block == Paragraph("data sets"))
    return blocks[next(starts) :]


def _default_file(paths: Sequence[Path]) -> Path:
    """Return the file in the folder that is named alone, else in the current one."""
    return paths[0] / _NAME if len(paths) == 1 else Path(_NAME)


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
        choices=("pca", "t_sne", "umap"),
        default="pca",
        help="of scatter plots, default: pca; t_sne and umap take seconds for each plot",
    )
    flags.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="default: report.html in the folder that is named, in the current one for several",
    )
    return flags
