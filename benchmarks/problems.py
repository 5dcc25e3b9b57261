"""Clustering problems per second of networks that learn to cluster, by the size of the sets."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.ours import ours
from benchmarks.speed import seconds_of

CONFIGURATIONS = Path(__file__).parents[1] / "configurations/learning_to_cluster"
NETWORKS = {
    "four blocks of attention": "learning_to_cluster_2d_reduced",
    "14 residual bidirectional LSTM layers": "learning_to_cluster_2d",
}
"""Name -> file without its ending."""
SIZES = (18, 36, 72, 144, 288)
"""Points of a set."""
PROBLEMS = 50
"""Problems of a batch."""


def problems_per_second(iterations: int) -> dict[tuple[str, int], Mapping[str, float]]:
    """Return network and size of the sets -> problems per second, in training and partitioning."""
    return {
        (name, size): _speeds(CONFIGURATIONS / f"{file}.json", size, iterations)
        for name, file in NETWORKS.items()
        for size in SIZES
    }


def _speeds(file: Path, size: int, iterations: int) -> dict[str, float]:
    settings = [
        setting
        for place in range(3)
        for setting in (
            f"datasets[{place}].num_objects={size}",
            f"datasets[{place}].num_problems={PROBLEMS}",
            f"datasets[{place}].batch_size={PROBLEMS}",
        )
    ]
    started = ours(file, "training", settings)
    started.run(1)  # warms up
    training = median(started.run(iterations))
    evaluation = median(
        seconds_of(lambda: started.evaluator.evaluate(started.data_pass)) for _ in range(iterations)
    )
    return {"training": PROBLEMS / training, "evaluation": PROBLEMS / evaluation}
