"""The measurements as a page of tables."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

import torch

from benchmarks.memory import Passes
from benchmarks.profile import REPORTS
from benchmarks.speed import Speed
from dcrf.runs.environment import processor

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn")

# The earlier framework's fine-tuning iteration, on a machine with a bare arithmetic of 52 ms. The
# machines differ, so its time is compared as a multiple of the bare arithmetic.
EARLIER_MS, EARLIER_BARE_MS = 920, 52

Memory = Mapping[tuple[int, int], Passes]
"""By rows and width of the features."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All measurements of one run."""

    speeds: Sequence[Speed]
    shares: Mapping[str, Mapping[str, float]]
    passes: Mapping[str, float]
    memory: Memory
    problems: Mapping[tuple[str, int], Mapping[str, float]]
    startup: Mapping[str, float]
    peaks: Mapping[str, float]


def page(measured: Measured) -> str:
    """Return the page in Markdown."""
    parts = [
        "# Speed and memory",
        f"Written by `make bench` on {date.today()}: {machine()}.",
        "Milliseconds are medians of single iterations; the candidates took turns.",
        "## Targets",
        table(["measure", "target", "measured", "met"], targets(measured)),
        "## One iteration",
        ITERATIONS,
        table(
            SPEED_HEAD,
            [speed_row(speed) for speed in measured.speeds],
        ),
        "## Time by part",
        "Milliseconds of one iteration by part, and the share of each.",
        *(f"{name}\n\n{shares_table(parts)}" for name, parts in measured.shares.items()),
        "## Passes over 60,000 MNIST images",
        table(["pass", "seconds"], [[n, f"{s:.2f}"] for n, s in measured.passes.items()]),
        "## Growth with the data",
        GROWTH,
        table(["features", "pass", "seconds", "MiB"], list(memory_rows(measured.memory))),
        "## Clustering problems",
        PROBLEMS_PER_SECOND,
        table(["network", "points", "training", "evaluation"], problem_rows(measured.problems)),
        "## Memory of a whole run",
        "Resident memory of `main.py` at its peak, with Python, torch and the data set.",
        table(["configuration", "MiB"], [[n, f"{m:.0f}"] for n, m in measured.peaks.items()]),
    ]
    return "\n\n".join(parts) + "\n"


SPEED_HEAD = (
    *("configuration", "phase", "dcrf", "iterations/s", "dcrf / bare"),
    *("straightforward / dcrf", "bf16 / fp32", "encoder passes"),
)

ITERATIONS = """\
*Bare* is the arithmetic that nothing can leave out, written in plain torch (`benchmarks/bare.py`).
*Straightforward* is a correct implementation without dcrf's tricks (`benchmarks/straightforward/`):
every loss encodes by itself, views are made image by image. Its deep k-means and ACAI encode the
samples once more than their authors' scripts do. *Encoder passes* are counted in one iteration,
with the sharing of passes and without."""

GROWTH = """\
Features are a memory-mapped `.npy` file, clustered as they are. MiB are anonymous memory (not the
pages of the mapped file) at its peak, above what the process had once the data were open; results
(N, k) are included. k-means has one restart; above 2^26 numbers it takes mini-batches of a part."""


PROBLEMS_PER_SECOND = """\
Problems per second of methods that learn to cluster, by the number of points of a set. Training
draws the problems, too; evaluation has fixed ones and includes all scores."""


def targets(measured: Measured) -> list[list[str]]:
    """Return a row for every target of the project."""
    speed = {(s.configuration, s.phase): s for s in measured.speeds}
    fine = speed["dec_cc_hybrid_mnist", "finetuning"]
    pre = speed["dec_cc_hybrid_mnist", "pretraining"]
    reports = max(parts[REPORTS] / sum(parts.values()) for parts in measured.shares.values())
    earlier = EARLIER_MS / EARLIER_BARE_MS / (fine.ours / fine.bare)
    images, features = (
        most_memory(measured.memory, size) for size in ((60_000, 784), (10**6, 128))
    )
    rows = [
        at_most("fine-tuning iteration / bare arithmetic", fine.ours / fine.bare, 1.4),
        at_most("pretraining iteration / bare arithmetic", pre.ours / pre.bare, 1.1),
        at_least("straightforward / dcrf, fine-tuning", fine.straightforward / fine.ours, 2.5),
        at_least("earlier framework / dcrf, both as multiples of bare", earlier, 12),
        at_most("bf16 / fp32, fine-tuning", fine.bf16 / fine.ours, 0.7),
        at_most("evaluation of 60,000 MNIST images, s", measured.passes["evaluation"], 2),
        at_most("passes over 60,000 x 784, MiB", images, 400e6 / 2**20),
        at_most("passes over 1,000,000 x 128, MiB", features, 1e9 / 2**20),
        at_most("progress bar, logs and JSON lines, share", reports, 0.01),
    ]
    return rows + [at_most(f"`{name}`, s", s, 0.5) for name, s in measured.startup.items()]


def at_most(measure: str, value: float, limit: float) -> list[str]:
    """Return the row of a value with an upper limit."""
    return [measure, f"at most {limit:.4g}", f"{value:.3g}", "yes" if value <= limit else "**no**"]


def at_least(measure: str, value: float, limit: float) -> list[str]:
    """Return the row of a value with a lower limit."""
    return [measure, f"at least {limit:.4g}", f"{value:.3g}", "yes" if value >= limit else "**no**"]


def most_memory(memory: Memory, size: tuple[int, int]) -> float:
    """Return the largest peak of the passes over features of a size, in MiB."""
    return max(costs["mebibytes"] for costs in memory[size].values())


def speed_row(speed: Speed) -> list[str]:
    """Return the row of a phase."""
    return [
        speed.configuration,
        speed.phase,
        f"{speed.ours:.1f} ms",
        f"{1000 / speed.ours:.0f}",
        f"{speed.ours / speed.bare:.2f}",
        f"{speed.straightforward / speed.ours:.1f}",
        f"{speed.bf16 / speed.ours:.2f}",
        f"{speed.passes[0]} of {speed.passes[1]}",
    ]


def shares_table(parts: Mapping[str, float]) -> str:
    """Return the parts of an iteration with their shares."""
    total = sum(parts.values())
    rows = [[part, f"{ms:.2f}", f"{ms / total:.1%}"] for part, ms in parts.items()]
    return table(["part", "ms", "share"], [*rows, ["all", f"{total:.2f}", "100%"]])


def memory_rows(memory: Memory) -> Iterable[list[str]]:
    """Yield the row of every pass."""
    for (rows, width), passes in memory.items():
        for name, costs in passes.items():
            size = f"{rows:,} x {width}"
            yield [size, name, f"{costs['seconds']:.2f}", f"{costs['mebibytes']:.0f}"]


def problem_rows(problems: Mapping[tuple[str, int], Mapping[str, float]]) -> list[list[str]]:
    """Return a row for each network and size of the sets."""
    return [
        [name, str(size), f"{speeds['training']:.3g}", f"{speeds['evaluation']:.3g}"]
        for (name, size), speeds in problems.items()
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """Return the processor, cores, threads and versions."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} torch threads; "
        f"Python {platform.python_version()}, {packages}"
    )
