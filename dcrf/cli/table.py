"""The command `dcrf table`: compare the scores of finished runs over seeds."""

import argparse
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dcrf.cli.arguments import Parser
from dcrf.cli.output import announce
from dcrf.config.rules.suggestions import closest, listed
from dcrf.errors import CommandLineError
from dcrf.reporting.comparison import (
    Comparison,
    Differences,
    MethodRuns,
    can_be_ranked,
    compare,
    notes,
    verdicts,
)
from dcrf.reporting.comparison_tables import csv_table, latex_table, markdown_table, text_table
from dcrf.reporting.statistics_tables import STATISTICS, Intervals, StatisticsTable
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
    announce("loading", options.runs)
    methods, remarks = methods_of(saved_runs(options.runs))
    with_baselines = not (options.no_baselines or options.by_space)
    if options.by_space:
        methods, absent = _spaces(methods)
        remarks += absent
    computed: list[MethodRuns] = []
    if with_baselines:
        from dcrf.runs.baselines import baselines_of  # noqa: PLC0415 - it imports torch

        computed, absent = baselines_of(methods, partial(say, is_error=True))
        remarks += absent
    methods = [*methods, *computed]
    comparison = compare(methods, common_seeds=not options.all_seeds)
    differences = None
    if options.baseline is not None:
        from dcrf.runs.baseline import against  # noqa: PLC0415 - it imports scipy

        differences = against(comparison, options.baseline)
    tested = verdicts(differences or {}, options.baseline)
    ranked = []
    if can_be_ranked(comparison) and not options.by_space:
        from dcrf.runs.over_data_sets import ranking  # noqa: PLC0415 - it imports scipy

        ranked = ranking(comparison)
    if with_baselines:
        from dcrf.runs.over_data_sets import null_hypothesis  # noqa: PLC0415 - it imports scipy

        trained = [method.name for method in methods if method.is_trained]
        others = [method.name for method in methods if not method.is_trained]
        tested = [*null_hypothesis(comparison, trained, others), *tested]
    sentences = [*tested, *ranked, *notes(methods, comparison), *remarks]
    if options.statistics is None:
        _say_comparison(comparison, differences, sentences, options.format)
    else:
        _say_statistics(comparison, differences, sentences, options)
    return OK


def _spaces(methods: Sequence[MethodRuns]) -> tuple[list[MethodRuns], list[str]]:
    """Return the rows of a table by clustering space, of the one method."""
    if len(methods) > 1:
        names = listed(method.name for method in methods)
        raise CommandLineError(f"--by_space is for runs of one method, but these are of {names}")
    from dcrf.runs.by_space import spaces_of  # noqa: PLC0415 - it imports torch

    return spaces_of(methods[0])


def _say_comparison(
    comparison: Comparison, differences: Differences | None, notes: Sequence[str], form: str
) -> None:
    """Print methods by data sets, with mean and deviation in a cell."""
    match form:
        case "markdown":
            say_whole(markdown_table(comparison, notes))
        case "latex":
            say_whole(latex_table(comparison, notes))
        case "csv":
            say_whole(csv_table(comparison, differences))
        case _:
            say(text_table(comparison, notes, _width()))


def _say_statistics(
    comparison: Comparison,
    differences: Differences | None,
    notes: Sequence[str],
    options: argparse.Namespace,
) -> None:
    """Print a row for each method, data set and score, with a column for each statistic."""
    intervals: Intervals = {}
    if "interval" in options.statistics:
        from dcrf.runs.intervals import intervals_of  # noqa: PLC0415 - it imports scipy

        intervals, remarks = intervals_of(comparison)
        notes = [*remarks, *notes]
    table = StatisticsTable(comparison, options.statistics, intervals)
    match options.format:
        case "markdown":
            say_whole(table.markdown(notes))
        case "latex":
            say_whole(table.latex(notes))
        case "csv":
            say_whole(table.csv(differences))
        case _:
            say(table.text(notes, _width()))


def _width() -> int:
    return max(shutil.get_terminal_size().columns, _NARROWEST)


def _statistics(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in STATISTICS:
            guess = closest(name, STATISTICS)
            hint = f"did you mean {guess!r}?" if guess else f"there are {', '.join(STATISTICS)}"
            raise argparse.ArgumentTypeError(f"no statistic is called {name!r}; {hint}")
    return list(dict.fromkeys(names))


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf table",
        description=DESCRIPTION,
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
        "--statistics",
        type=_statistics,
        metavar="NAME[,NAME...]",
        help=f"a column for each of {', '.join(STATISTICS)}; the interval is that of the mean by "
        "the bootstrap; default: mean and deviation in one cell",
    )
    flags.add_argument(
        "--all_seeds",
        action="store_true",
        help="take all seeds of each method, also those that other methods lack",
    )
    more = flags.add_mutually_exclusive_group()
    more.add_argument(
        "--no_baselines",
        action="store_true",
        help="leave out k-means and random clusters of the same data, which are computed once",
    )
    more.add_argument(
        "--by_space",
        action="store_true",
        help="compare k-means on the samples and on the features after each phase of one method",
    )
    flags.add_argument(
        "--format",
        choices=["text", "markdown", "latex", "csv"],
        default="text",
        help="of the table, default: text, which fits the terminal",
    )
    return flags
