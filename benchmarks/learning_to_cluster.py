"""A network that learns to cluster beside classical clusterings, on the same problems.

`python -m benchmarks.learning_to_cluster FILE` trains a method and prints its curve on validation
problems, and a table in Markdown: scores on the problems of the last data set, as mean and standard
deviation over problems. `--run FOLDER` takes a finished run instead of training. k-means
is told the true number of clusters. The radius of DBSCAN is the one with the highest NMI on the
problems of the data set before, of which it knows the partitions. Clusterings get the flat values
of objects.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from dcrf.builder.components import build_entry
from dcrf.builder.problem_sources import open_problems
from dcrf.clusterings.base import Clustering
from dcrf.config import load_checked
from dcrf.data.problems.problem_source import ProblemSource
from dcrf.errors import ClusteringError
from dcrf.evaluation.metrics.base import NOISE
from dcrf.functional.assignments import most_probable_clusters
from dcrf.randomness import RandomStreams
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_in_folder
from dcrf.schema.registry import CLUSTERINGS, METRICS

SCORES = ("acc", "nmi", "ari", "misclassification_rate", "correct_count")
RADII = (0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0)
"""The radii of DBSCAN, as shares of the median distance of two objects of a problem."""

_POINTS = 20

Problem = tuple[NDArray[np.float64], NDArray[np.int64]]
"""The values (n, d) of objects, and their known partition (n,)."""
Scores = Mapping[str, NDArray[np.float64]]
"""Metric -> its values over problems."""


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.learning_to_cluster", description=__doc__)
    parser.add_argument("file", type=Path, help="a method on clustering problems")
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="a finished run of it")
    options = parser.parse_args(arguments)
    run = options.run or _train(options.file)
    _write_curve(run)
    result = _read(run / "result.json")
    *_, validation, test = _problems(options.file, result["seed"])
    _write(f"| {' | '.join(('clustering', *SCORES))} |")
    _write(f"|---|{'---|' * len(SCORES)}")
    evaluation = result["datasets"][-1]["evaluation"]
    pairs = [(evaluation[name], evaluation["deviations"][name]) for name in SCORES]
    _write_row("the network", pairs)
    for name, scores in baselines(validation, test).items():
        _write_row(name, [(v.mean(), v.std(ddof=1)) for v in scores.values()])


def _train(file: Path) -> Path:
    """Run a method with seed 0; return the run folder."""
    end = run_in_folder(load_checked(file), 0, Output(Path("runs")))
    if end.error is not None or end.folder is None:
        raise SystemExit(f"{file}: {end.outcome.error}")
    return end.folder


def _write_curve(run: Path) -> None:
    """Write at most `_POINTS` of the scores on validation problems while a run trained."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    curve = [record for record in records if record["kind"] == "validation"]
    _write(f"| {' | '.join(('iteration', *SCORES))} |")
    _write(f"|---|{'---|' * len(SCORES)}")
    for record in curve[:: -(-len(curve) // _POINTS) or 1]:
        values = (f"{record['evaluation'][name]:.3f}" for name in SCORES)
        _write(f"| {record['iteration']} | {' | '.join(values)} |")
    _write("")


def baselines(validation: list[Problem], test: list[Problem]) -> dict[str, Scores]:
    """Return name -> scores of the clusterings on test problems.

    Args:
        validation: problems that choose the radius of DBSCAN.
        test: problems of the scores.
    """
    radius = max(RADII, key=lambda share: _scores(_dbscan(share), validation)["nmi"].mean())
    return {
        "k-means, true k": _scores(_k_means, test),
        f"DBSCAN, radius {radius:g} of the median distance": _scores(_dbscan(radius), test),
        "HDBSCAN": _scores(_hdbscan, test),
        "one cluster": _scores(lambda rows, _: np.zeros(len(rows), np.int64), test),
    }


def _scores(
    clustering: Callable[[NDArray[np.float64], int], NDArray[np.int64]], problems: list[Problem]
) -> Scores:
    """Return the scores of a function of rows and the true number of clusters."""
    clusters = [clustering(rows, known.max() + 1) for rows, known in problems]
    return {
        name: np.array(
            [
                METRICS.resolve(name)()(known, own)
                for (_, known), own in zip(problems, clusters, strict=True)
            ]
        )
        for name in SCORES
    }


def _k_means(rows: NDArray[np.float64], n_clusters: int) -> NDArray[np.int64]:
    return _fitted({"method": "k_means", "num_restarts": 10, "algorithm": "full"}, rows, n_clusters)


def _hdbscan(rows: NDArray[np.float64], n_clusters: int) -> NDArray[np.int64]:
    options = {"min_cluster_size": 5, "cluster_selection": "excess_of_mass"}
    return _fitted({"method": "hdbscan", **options}, rows, n_clusters)


def _dbscan(share: float) -> Callable[[NDArray[np.float64], int], NDArray[np.int64]]:
    def clusters(rows: NDArray[np.float64], n_clusters: int) -> NDArray[np.int64]:
        eps = share * float(np.median(torch.pdist(torch.from_numpy(rows)).numpy()))
        return _fitted({"method": "dbscan", "eps": eps, "min_samples": 5}, rows, n_clusters)

    return clusters


def _fitted(
    entry: Mapping[str, Any], rows: NDArray[np.float64], n_clusters: int
) -> NDArray[np.int64]:
    """Return the clusters of rows by a clustering with an entry as in a method file."""
    known = CLUSTERINGS.properties(entry["method"])
    values = {key: value for key, value in entry.items() if key in known}
    defaults = {k: v["default"] for k, v in known.items() if "default" in v}
    clustering: Clustering = build_entry(CLUSTERINGS, {**defaults, **values}, {}, {})
    samples = torch.from_numpy(rows).float()
    try:
        fitted = clustering.fit(samples, n_clusters, Generator().manual_seed(0))
    except ClusteringError:  # all objects are noise
        return np.full(len(rows), NOISE)
    return most_probable_clusters(fitted.log_assignments(samples)).numpy()


def _problems(file: Path, seed: int) -> list[list[Problem]]:
    """Return the problems of evaluations on every data set of a method."""
    config = load_checked(file)
    streams = RandomStreams(seed)
    return [_sets(open_problems(entry, streams, "cpu")) for entry in config.datasets]


def _sets(source: ProblemSource) -> list[Problem]:
    indices = torch.arange(min(source.n_samples, 300))
    samples = source.data_pass(lambda batch: batch.samples, indices).flatten(2).double().numpy()
    partitions = source.labels()[: len(indices)]
    return [
        (rows[known >= 0], known[known >= 0])
        for rows, known in zip(samples, partitions, strict=True)
    ]


def _write_row(name: str, pairs: list[tuple[float, float]]) -> None:
    _write(f"| {name} | {' | '.join(f'{mean:.3f} ± {sd:.3f}' for mean, sd in pairs)} |")


def _read(file: Path) -> Any:
    return json.loads(file.read_text())


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
