"""Memory of whole runs, as `main.py` does them."""

import os
import subprocess
import sys
import tempfile

from benchmarks.speed import FILES, ROOT

ITERATIONS = 50


def peak_mebibytes() -> dict[str, float]:
    """Return the largest resident memory of a short run of every shipped configuration, in MiB.

    Python, torch and the data set are included.
    """
    return {name: _peak([str(file)]) for name, file in FILES.items()}


def _peak(arguments: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--max_iterations", str(ITERATIONS), "--output_dir", folder]
        command = [sys.executable, str(ROOT / "main.py"), *arguments, *flags]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{command} ended with {code}")
    return usage.ru_maxrss / 1024
