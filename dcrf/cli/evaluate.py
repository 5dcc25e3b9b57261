"""The command `dcrf evaluate`: score the clusters of a finished run again, without training."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from dcrf.cli.arguments import Parser
from dcrf.reporting.lines import sample_size, scores
from dcrf.reporting.writers import say
from dcrf.runs.evaluate_run import evaluate_run
from dcrf.runs.trained_run import data_sets_of, open_run

OK = 0
DESCRIPTION = """\
Score the clusters of a finished run again, without training: on each of its data sets, or on other
data with the same columns and labels.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    for line in _lines(options):
        say(line)
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf evaluate",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = flags.add_argument
    add("run", type=Path, metavar="RUN", help="a run folder")
    add(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA",
        help="a CSV, npz, npy or Parquet file, default: the data sets of the run",
    )
    add("--dataset", metavar="NAME", help="a data set of the run, default: all; for DATA the last")
    add("--device", help="torch device instead of the run's: cpu, cuda, cuda:1, ...")
    return flags


def _lines(options: argparse.Namespace) -> Iterator[str]:
    """Yield a line for every data set that is evaluated."""
    names = [options.dataset]
    if options.data is None and options.dataset is None:
        names = data_sets_of(options.run)
    for name in names:
        run = open_run(options.run, name, options.device)
        evaluation, _ = evaluate_run(run, options.data)
        record = evaluation.record()
        shown = run.dataset.name if options.data is None else options.data.name
        yield "  ".join([shown, *scores(record), f"(n={sample_size(record)})"])
