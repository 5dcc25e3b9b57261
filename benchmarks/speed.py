"""Milliseconds per iteration of shipped configurations, and of their baselines."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.bare import PASSES, bare
from benchmarks.ours import ours
from benchmarks.straightforward import straightforward
from dcrf.storage.atomic_files import read_json

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "adversarial_interpolation_pretraining",
    "dec_cc_hybrid",
    "deep_k_means",
    "layer_wise_pretraining",
    "quickstart",
)
"""Configurations that have baselines; all others take their iterations from the same parts."""
FILES = {
    file.stem: file
    for folder in FOLDERS
    for file in sorted((ROOT / "configurations" / folder).glob("*.json"))
    if "extends" not in read_json(file)  # its iterations are those of the file that it extends
}

ONE_RESTART = "centroid_initialization_classical_clustering_num_restarts=1"
"""The initialization of centroids does not affect the time of iterations."""

Block = Callable[[int], list[float]]
"""Runs a number of iterations; returns the seconds of each."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Median milliseconds of an iteration.

    passes: of the encoder in one iteration, shared and not shared.
    """

    configuration: str
    phase: str
    ours: float
    bare: float
    straightforward: float
    bf16: float
    passes: tuple[int, int]


def speeds(rounds: int) -> Iterator[Speed]:
    """Measure every phase of these configurations that trains something."""
    for name, phase in PASSES:
        yield speed(name, phase, rounds)


def speed(name: str, phase: str, rounds: int) -> Speed:
    """Measure dcrf and its baselines on one phase, in turns."""
    file = FILES[name]
    settings = [f"cluster_assignment_strategy.{ONE_RESTART}"] if "hybrid" in name else []
    framework = ours(file, phase, settings)
    direct = straightforward(
        file, phase, centroids=framework.method.shared["centroids"].state_dict()["values"]
    )
    candidates = {
        "ours": (framework.run, 8),
        "bare": (repeated(bare(direct, name, phase)), 8),
        "straightforward": (repeated(lambda: direct.run(1)), 2),
        "bf16": (ours(file, phase, [*settings, "precision=bf16"]).run, 8),
    }
    seconds = interleaved(candidates, rounds)
    times = {candidate: 1e3 * median(values) for candidate, values in seconds.items()}
    passes = (framework.encoder_passes(share=True), framework.encoder_passes(share=False))
    return Speed(name, phase, **times, passes=passes)


def interleaved(candidates: Mapping[str, tuple[Block, int]], rounds: int) -> dict[str, list[float]]:
    """Time the candidates in turns of one block of iterations each, after a warm-up block."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + 1):
        for name, (run, iterations) in candidates.items():
            block = run(iterations)
            seconds[name] += block if turn else []
    return seconds


def repeated(step: Callable[[], object]) -> Block:
    """Return a block of calls of a function that runs one iteration."""

    def run(iterations: int) -> list[float]:
        return [seconds_of(step) for _ in range(iterations)]

    return run


def seconds_of(function: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
