"""The command `dcrf predict`: cluster new data with a finished run."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from dcrf.cli.arguments import Parser, positive
from dcrf.cli.named_run import named_run
from dcrf.cli.output import announce
from dcrf.config.path_checks import with_name
from dcrf.errors import DataError, counted
from dcrf.reporting.writers import say
from dcrf.storage.atomic_files import read_json, write_json

if TYPE_CHECKING:
    from dcrf.pictures.partitioned_set import PartitionedSet
    from dcrf.runs.trained_run import TrainedRun

OK, FAILED = 0, 1
_RECORD = "prediction.json"
DESCRIPTION = """\
Cluster new data with a finished run: in the clusters that it has found, or, if it has learned to
cluster sets, in new ones.
"""
EPILOG = """\
The folder gets clusters.csv (the cluster of every sample, the probability of every cluster and the
distance to the center of its own), examples.csv (typical, unusual and ambiguous samples of each
cluster) and, for tables and texts, profile.csv (the columns or terms that distinguish it). A method
that has learned to cluster sets writes instead objects.csv (the cluster of every object, for the
chosen and for every number of clusters), scores.csv (the probability of every number), index.html
and sheet.svg (pictures).
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    announce("loading", [options.run])
    from dcrf.runs.trained_run import open_run  # noqa: PLC0415 - it imports torch

    options.run, options.data = named_run(options.run), with_name(options.data)
    folder: Path = options.output or _folder_for(options.data, options.run / "predictions")
    try:
        run = open_run(options.run, options.dataset, options.device)
        if run.dataset.has_problems:
            words = _predict_set(run, options, folder)
        else:
            words = _predict_samples(run, options, folder)
        write_json(folder / _RECORD, {"data": str(options.data.absolute())})
    except OSError as error:
        say(f"results cannot be written: {error}", is_error=True)
        return FAILED
    say(f"{words}\nwritten to {folder}")
    return OK


def _folder_for(data: Path, predictions: Path) -> Path:
    """Return the folder of the results for data: that of an earlier prediction of them, or new."""
    first = predictions / data.stem
    folders = chain([first], (first.with_name(f"{data.stem}_{number}") for number in count(2)))
    own = (None, str(data.absolute()))
    return next(folder for folder in folders if not folder.exists() or _data_of(folder) in own)


def _data_of(folder: Path) -> str | None:
    """Return the path of the data whose results a folder contains; None if it is unknown."""
    with suppress(OSError, ValueError):
        content = read_json(folder / _RECORD)
        return content.get("data") if isinstance(content, dict) else None
    return None


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf predict",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add = flags.add_argument
    add(
        "run",
        type=Path,
        metavar="RUN",
        help="a run folder, or a folder of runs: its newest finished one",
    )
    add(
        "data",
        type=Path,
        metavar="DATA",
        help="a CSV, npz, npy or Parquet file, or a folder of images or texts",
    )
    add(
        "--dataset",
        metavar="NAME",
        help="the data set of the run after whose training to predict, default: the last one "
        "with trained mappings",
    )
    add(
        "--clusters",
        type=positive,
        metavar="K",
        help="the number of clusters of a set, default: the most probable one",
    )
    add(
        "--features",
        action="store_true",
        help="also write features.npy: the features that clusters are formed in, float32 (n, d)",
    )
    add("--device", help="torch device instead of the run's: cpu, cuda, cuda:1, ...")
    add(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder for results, default: RUN/predictions/<name of the data>",
    )
    return flags


def _predict_set(run: "TrainedRun", options: argparse.Namespace, folder: Path) -> str:
    """Partition a set and write it; return the result in words."""
    from dcrf.pictures.page import write_pages  # noqa: PLC0415 - it imports torch
    from dcrf.runs.predict_set import predict_set  # noqa: PLC0415 - it imports torch

    if options.features:
        raise DataError("--features: sets of objects have no features; leave the flag out")
    file: Path = options.data
    partitioned = predict_set(run, file)
    if options.clusters is not None:
        most = len(partitioned.probabilities)
        if options.clusters > most:
            raise DataError(
                f"--clusters {options.clusters}: the method has learned at most {most} clusters"
            )
        partitioned = replace(partitioned, n_clusters=options.clusters)
    write_pages(folder, [partitioned], f"{file.name}, clustered by {run.config.name}")
    return _in_words(partitioned)


def _predict_samples(run: "TrainedRun", options: argparse.Namespace, folder: Path) -> str:
    """Assign samples and write their clusters; return the result in words."""
    from dcrf.runs.clusters_table import clusters_in_words  # noqa: PLC0415 - it imports torch
    from dcrf.runs.predict_samples import (  # noqa: PLC0415 - it imports torch
        predict_samples,
        remove_results,
    )

    if options.clusters is not None:
        raise DataError(
            f"--clusters {options.clusters}: the clusters of the run are fixed; only methods that "
            "have learned to cluster sets can change their number"
        )
    if options.output is None or (folder / _RECORD).exists():
        remove_results(folder)  # of an earlier prediction, which this one may not write
    prediction = predict_samples(run, options.data, folder, saves_features=options.features)
    notes = [f"note: {note}" for note in prediction.notes]
    return "\n".join([*notes, clusters_in_words(prediction.clusters)])


def _in_words(partitioned: "PartitionedSet") -> str:
    """Return the number of clusters with its probability, and the sizes of the clusters."""
    number = partitioned.n_clusters
    probability = partitioned.probabilities[number - 1]
    clusters = partitioned.clusters.tolist()
    sizes = [clusters.count(cluster) for cluster in range(number)]
    clusters = counted(number, "cluster")
    return f"{clusters} (probability {probability:.2f}) of sizes {', '.join(map(str, sizes))}"
