"""One run of all measurements, written to benchmarks/RESULTS.md."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.memory import Passes, measured
from benchmarks.passes import passes
from benchmarks.problems import problems_per_second
from benchmarks.profile import shares
from benchmarks.results import Measured, page
from benchmarks.speed import FILES, ONE_RESTART, speeds
from benchmarks.startup import startup
from benchmarks.whole_runs import peak_mebibytes

T = TypeVar("T")

SIZES = [(60_000, 784), (10_000, 128), (100_000, 128), (1_000_000, 128)]
"""Rows and width of the features on which memory is measured."""

REPEATS = 5


def main() -> None:
    """Measure, write the page and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="turns of every candidate")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args()
    text = page(measure(options.rounds))
    options.output.write_text(text)
    sys.stdout.write(text)


def measure(rounds: int) -> Measured:
    """Run all measurements, and report the progress of each."""
    measured_speeds = []
    for speed in speeds(rounds):
        _report(
            f"{speed.configuration} {speed.phase}: {speed.ours:.1f} ms, bare {speed.bare:.1f} ms"
        )
        measured_speeds.append(speed)
    return Measured(
        speeds=measured_speeds,
        shares={phase: _reported(f"parts of {phase}", partial(_shares, phase)) for phase in PHASES},
        passes=_reported("passes over MNIST", partial(passes, REPEATS)),
        memory={size: _reported(f"memory for {size}", partial(_memory, *size)) for size in SIZES},
        problems=_reported("clustering problems", partial(problems_per_second, REPEATS)),
        startup=_reported("start of the command line", partial(startup, REPEATS)),
        peaks=_reported("memory of whole runs", peak_mebibytes),
    )


PHASES = ("pretraining", "finetuning")


def _shares(phase: str) -> dict[str, float]:
    """Report losses every 50 iterations, ten times as often as by default."""
    name = "dec_cc_hybrid_mnist"
    content = json.loads(FILES[name].read_text())
    number = next(i for i, e in enumerate(content["phases"]) if e["name"] == phase)
    settings = [f"cluster_assignment_strategy.{ONE_RESTART}"] + [
        f"phases[{number}].design_patterns[{i}].loss_report_interval=50"
        for i in range(len(content["phases"][number]["design_patterns"]))
    ]
    with tempfile.TemporaryDirectory() as folder:
        return shares(FILES[name], phase, settings, Path(folder), 100)


def _memory(rows: int, width: int) -> Passes:
    with tempfile.TemporaryDirectory() as folder:
        return measured(rows, width, Path(folder))


def _reported(text: str, function: Callable[[], T]) -> T:
    _report(text)
    return function()


def _report(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
