"""The command `dcrf table`: compare the scores of finished runs over seeds."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from dcrf.cli.arguments import Parser
from dcrf.reporting.comparison import compare, notes, verdicts
from dcrf.reporting.comparison_tables import csv_table, latex_table, markdown_table, text_table
from dcrf.reporting.writers import say, say_whole
from dcrf.runs.saved_scores import methods_of, saved_runs

OK = 0
_NARROWEST = 40
DESCRIPTION = """\
Compare methods by the final scores of their runs: mean and standard deviation over seeds, for
every data set. Runs of one name with other settings are another method. Runs that have not
finished are counted, and absent from the means.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    methods, remarks = methods_of(saved_runs(options.runs))
    comparison = compare(methods)
    differences = None
    if options.baseline is not None:
        from dcrf.runs.baseline import against  # noqa: PLC0415 - it imports scipy

        differences = against(comparison, options.baseline)
    tested = verdicts(differences or {}, options.baseline)
    sentences = [*tested, *notes(methods, comparison), *remarks]
    match options.format:
        case "markdown":
            say_whole(markdown_table(comparison, sentences))
        case "latex":
            say_whole(latex_table(comparison, sentences))
        case "csv":
            say_whole(csv_table(comparison, differences))
        case _:
            width = max(shutil.get_terminal_size().columns, _NARROWEST)
            say(text_table(comparison, sentences, width))
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf table",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    flags.add_argument(
        "runs",
        type=Path,
        nargs="+",
        metavar="RUNS",
        help="run folders, or folders that contain some, such as runs",
    )
    flags.add_argument(
        "--baseline",
        metavar="METHOD",
        help="test the others against this method, paired by seed (Wilcoxon and t-test)",
    )
    flags.add_argument(
        "--format",
        choices=["text", "markdown", "latex", "csv"],
        default="text",
        help="of the table, default: text, which fits the terminal",
    )
    return flags
