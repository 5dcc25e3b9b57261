"""The command `dcrf evaluate`: score the clusters of a finished run again, without training."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.cli.arguments import Parser, positive
from dcrf.cli.named_run import named_run
from dcrf.cli.output import announce
from dcrf.config.clustering_entry import checked_clustering
from dcrf.config.method_config import Options
from dcrf.config.path_checks import is_file
from dcrf.errors import CommandLineError, counted
from dcrf.reporting.lines import sample_size, scores
from dcrf.reporting.writers import say

OK = 0
DESCRIPTION = """\
Score clusters without training: those of a finished run, on each of its data sets or on other data
with the same columns and labels; or those of a classical clustering that is fitted to the features
of the run, or to the rows of a file.
"""
EXAMPLES = """\
examples:
  dcrf evaluate RUN                                    score the run again
  dcrf evaluate RUN new.csv                            ... on other data
  dcrf evaluate RUN --clustering gaussian_mixture      cluster its features by another method
  dcrf evaluate features.npy --labels labels.npy --clustering k_means --clusters 10
  dcrf evaluate features.npy --clustering '{"method": "dbscan", "eps": 0.3}'
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    announce("loading", [options.run])
    for line in _lines(options):
        say(line)
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf evaluate",
        description=DESCRIPTION,
        epilog=EXAMPLES,
    )
    add = flags.add_argument
    add("run", type=Path, metavar="RUN_OR_FEATURES", help="a run folder, or a file of features")
    add(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA",
        help="a CSV, npz, npy or Parquet file, default: the data sets of the run",
    )
    add(
        "--clustering",
        metavar="NAME_OR_JSON",
        help="a classical clustering to fit to the features, such as k_means, or its JSON object",
    )
    add(
        "--clusters",
        type=positive,
        metavar="K",
        help="of --clustering, default: those of the data set of the run",
    )
    add(
        "--labels",
        metavar="FILE_OR_NAME",
        help="the labels of a file of features: an .npy file, or a column or key of the same file",
    )
    add("--dataset", metavar="NAME", help="a data set of the run, default: all; for DATA the last")
    add("--device", help="torch device instead of the run's: cpu, cuda, cuda:1, ...")
    return flags


def _lines(options: argparse.Namespace) -> Iterator[str]:
    """Yield a line for every data set that is evaluated, after the notes on new data."""
    from dcrf.runs.evaluate_clustering import evaluate_clustering  # noqa: PLC0415 - imports torch
    from dcrf.runs.evaluate_run import evaluate_run, samples_of  # noqa: PLC0415 - it imports torch
    from dcrf.runs.trained_run import data_sets_of, open_run  # noqa: PLC0415 - it imports torch

    entry = None
    if options.clustering is not None:
        entry = checked_clustering(options.clustering, "--clustering")
    elif options.clusters is not None:
        raise CommandLineError("--clusters is the number of --clustering, which is missing")
    options.run = named_run(options.run)
    if is_file(options.run):
        yield _line_of_features(options, entry)
        return
    if options.labels is not None:
        raise CommandLineError(f"--labels is for a file of features, but {options.run} is not one")
    names = [options.dataset]
    if options.data is None and options.dataset is None:
        names = data_sets_of(options.run)
    for name in names:
        run = open_run(options.run, name, options.device)
        samples = samples_of(run, options.data)
        shown = run.dataset.name if options.data is None else options.data.name
        if options.data is not None:
            yield from (f"note: {note}" for note in samples.notes)
        if entry is None:
            yield _line(evaluate_run(run, samples)[0].record(), shown)
        else:
            evaluation = evaluate_clustering(run, entry, options.clusters, samples)
            yield _line_of_clustering(evaluation.record(), shown, entry)


def _line_of_features(options: argparse.Namespace, entry: Options | None) -> str:
    """Return the line of a file of features."""
    from dcrf.runs.evaluate_clustering import evaluate_features  # noqa: PLC0415 - it imports torch

    if entry is None:
        raise CommandLineError(f"{options.run} has no clusters; add --clustering, as in k_means")
    for flag in ("data", "dataset", "device"):
        if vars(options)[flag] is not None:
            name = "DATA" if flag == "data" else f"--{flag}"
            raise CommandLineError(f"{name} is for a run, but {options.run} is a file of features")
    evaluation = evaluate_features(options.run, options.labels, entry, options.clusters)
    return _line_of_clustering(evaluation.record(), options.run.name, entry)


def _line_of_clustering(record: Mapping[str, Any], data: str, entry: Options) -> str:
    clusters = counted(len(record["cluster_sizes"]), "cluster")
    return _line(record, data, entry["method"], clusters)


def _line(record: Mapping[str, Any], *names: str) -> str:
    return "  ".join([*names, *scores(record), f"(n={sample_size(record)})"])
