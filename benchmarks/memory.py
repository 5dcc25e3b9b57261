"""Memory and time of passes over whole data sets, each in a process of its own.

`python -m benchmarks.memory FEATURES.npy` measures k-means initialization, target distribution and
evaluation on a memory-mapped file of features, and prints one JSON object.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

Passes = dict[str, dict[str, float]]
"""Pass -> `seconds`, and `mebibytes` of anonymous memory at its peak."""

MEBI = 2**20
_CHUNK = 10_000


def measured(rows: int, width: int, folder: Path) -> Passes:
    """Write blobs of `rows` x `width` float32; measure the passes over them.

    Memory is counted above that of the process after the data are open.
    """
    file = folder / f"{rows}x{width}.npy"
    write_blobs(file, rows, width)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    file.unlink()
    return json.loads(done.stdout.splitlines()[-1])


def write_blobs(file: Path, rows: int, width: int) -> None:
    """Write ten Gaussian blobs as a .npy file, a chunk at a time."""
    generator = np.random.default_rng(0)
    centers = generator.normal(size=(10, width)) * 2
    array = np.lib.format.open_memmap(file, "w+", np.float32, (rows, width))
    for start in range(0, rows, _CHUNK):
        part = array[start : start + _CHUNK]
        part[:] = centers[generator.integers(10, size=len(part))] + generator.normal(
            size=part.shape
        )
    array.flush()


def method(file: Path) -> dict:
    """Return a method that clusters the features of a file as they are."""
    return {
        "name": "memory",
        "mappings": [{"type": "feature_extractor", "layers": [{"type": "Identity"}]}],
        "cluster_assignment_strategy": {
            "type": "feature_representation_centroid_similarity",
            "similarity_measure": "student_t",
            "centroid_initialization_strategy": "classical_clustering",
            "centroid_initialization_classical_clustering_num_restarts": 1,
            "centroid_recalculation_strategy": "recalculation_by_design_pattern",
            "use_centroids_during_phases": ["training"],
        },
        "phases": [
            {
                "name": "training",
                "order": 1,
                "exit_criteria": {"iterations": 1},
                "design_patterns": [
                    {
                        "pattern": "target_distribution",
                        "target_distribution_recalculation_interval": 1,
                    }
                ],
            }
        ],
        "datasets": [
            {
                "source": "npy",
                "dataset": "features",
                "path": str(file),
                "batch_size": 256,
                "num_clusters": 10,
            }
        ],
    }


def measure(file: Path) -> Passes:
    """Measure the passes in this process."""
    from benchmarks.ours import plans  # noqa: PLC0415 - the parent process needs no torch
    from dcrf.batch import Clock  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "memory.json"
        written.write_text(json.dumps(method(file)))
        dataset, plan = plans(written, "training")
    source, trained = dataset.open(), dataset.make_method()
    data_pass = trained.pass_over(source)
    evaluator = dataset.make_evaluator(trained, source)
    before = anonymous_bytes()
    passes = {"k-means": measured_call(lambda: plan.prepare(trained, data_pass), before)}
    pattern = plan.make(trained, data_pass, evaluator).patterns["target_distribution"].pattern
    passes["target distribution"] = measured_call(
        lambda: pattern.before_iteration(Clock(1, 1), data_pass), before
    )
    passes["evaluation"] = measured_call(lambda: evaluator.evaluate(data_pass), before)
    return passes


def measured_call(function: Callable[[], object], before: int) -> dict[str, float]:
    """Return the seconds of a call, and the peak of anonymous memory above `before`, in MiB."""
    start = time.perf_counter()
    with peak_of_memory() as peak:
        function()
    return {
        "seconds": time.perf_counter() - start,
        "mebibytes": (max(peak[0], anonymous_bytes()) - before) / MEBI,
    }


@contextmanager
def peak_of_memory() -> Iterator[list[int]]:
    """Sample anonymous memory in another thread; the list contains the maximum so far."""
    peak, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.002):
            peak[0] = max(peak[0], anonymous_bytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def anonymous_bytes() -> int:
    """Return the anonymous memory of this process, without pages of mapped files."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("RssAnon:")[1].split()[0])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))) + "\n")
