"""The command `dcrf predict`: cluster a set of one's own with a finished run."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dcrf.cli.arguments import Parser, positive
from dcrf.errors import DataError, DcrfError
from dcrf.pictures.page import write_pages
from dcrf.pictures.partitioned_set import PartitionedSet
from dcrf.reporting.writers import say
from dcrf.runs.predict_set import predict_set
from dcrf.runs.trained_run import open_run

OK, FAILED, UNUSABLE = 0, 1, 2
DESCRIPTION = """\
Cluster a set of your own with a method that has learned to cluster sets. The number of clusters is
the most probable one, unless you give it.
"""
EPILOG = """\
The folder gets objects.csv (the cluster of every object, for the chosen and for every number of
clusters), scores.csv (the probability of every number), index.html and sheet.svg (pictures).
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code."""
    options = parser().parse_args(arguments)
    try:
        partitioned = _partitioned(options)
    except DcrfError as error:
        say(str(error), is_error=True)
        return UNUSABLE
    folder: Path = options.output or options.run / "predictions" / options.data.stem
    try:
        write_pages(folder, [partitioned], f"{options.data.name}, clustered by {options.run}")
    except OSError as error:
        say(f"results cannot be written: {error}", is_error=True)
        return FAILED
    say(f"{_in_words(partitioned)}\nwritten to {folder}")
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf predict",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = flags.add_argument
    add("run", type=Path, metavar="RUN", help="a run folder")
    add("data", type=Path, metavar="DATA", help="a CSV, npz, npy or Parquet file of the objects")
    add("--clusters", type=positive, metavar="K", help="the number of clusters, if you know it")
    add(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder for results, default: RUN/predictions/<name of the data>",
    )
    return flags


def _partitioned(options: argparse.Namespace) -> PartitionedSet:
    partitioned = predict_set(open_run(options.run), options.data)
    if options.clusters is None:
        return partitioned
    most = len(partitioned.probabilities)
    if options.clusters > most:
        raise DataError(
            f"--clusters {options.clusters}: the method has learned at most {most} clusters"
        )
    return replace(partitioned, n_clusters=options.clusters)


def _in_words(partitioned: PartitionedSet) -> str:
    """Return the number of clusters with its probability, and the sizes of the clusters."""
    number = partitioned.n_clusters
    probability = partitioned.probabilities[number - 1]
    sizes = np.bincount(partitioned.clusters, minlength=number)
    noun = "cluster" if number == 1 else "clusters"
    return f"{number} {noun} (probability {probability:.2f}) of sizes {', '.join(map(str, sizes))}"
