"""Memory of whole runs.

`python -m benchmarks.whole_runs FILE.json` makes a short run and prints its peak resident memory in
MiB.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.speed import FILES
from dcrf.config import load_checked
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method

ITERATIONS = 50


def peak_mebibytes() -> dict[str, float]:
    """Return the peak resident memory of a short run of each shipped configuration, in MiB.

    Python, torch and the data set are included.
    """
    return {name: _peak(file) for name, file in FILES.items()}


def _peak(file: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.whole_runs", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def _run(file: Path) -> float:
    config = load_checked(file, max_iterations=ITERATIONS)
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_method(config, 0, Output(Path(folder)))
    if outcome.status != "ok":
        raise RuntimeError(f"{file}: {outcome.status}: {outcome.error}")
    # not `ru_maxrss`, which a process takes over from the one that started it
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    sys.stdout.write(f"{_run(Path(sys.argv[1]))}\n")
