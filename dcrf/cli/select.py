"""The command `dcrf select`: compare finished runs without labels."""

from collections.abc import Sequence
from pathlib import Path

from dcrf.cli.arguments import Parser
from dcrf.cli.output import announce
from dcrf.reporting.writers import output_columns, say

OK = 0
DESCRIPTION = """\
Compare finished runs on one data set without labels: by scores of their clusters in one common
space, by their agreement with the other seeds of the same method, and by their last loss.
"""
EPILOG = """\
Scores in the own features of each method cannot be compared: each space has its own distances.
docs/selection.md says how well each score orders runs.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    announce("loading", options.runs)
    from dcrf.runs.comparison_table import compare_in_words  # noqa: PLC0415 - it imports torch

    for line in compare_in_words(
        options.runs, options.space, options.dataset, options.device, output_columns()
    ):
        say(line)
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf select",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add = flags.add_argument
    add(
        "runs",
        type=Path,
        nargs="+",
        metavar="RUN_OR_FOLDER",
        help="run folders, or folders of them",
    )
    add(
        "--space",
        metavar="SPACE",
        help="pca: the first principal components of the samples, the default; input: the samples; "
        "or a run folder: the features of that run",
    )
    add("--dataset", metavar="NAME", help="the data set of the runs, default: the last one")
    add("--device", help="torch device for the features of a run: cpu, cuda, cuda:1, ...")
    return flags
