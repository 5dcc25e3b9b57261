"""Seconds of commands that train nothing."""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.speed import FILES, ROOT, seconds_of


def startup(repeats: int) -> dict[str, float]:
    """Return the median seconds of `--help`, and of `--validate` of a file with a misspelt key."""
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "broken.json"
        text = FILES["dec_cc_hybrid_mnist"].read_text()
        broken.write_text(text.replace('"num_clusters"', '"num_cluster"'))
        commands = {
            "main.py --help": (["--help"], 0),
            "main.py --validate, broken file": ([str(broken), "--validate"], 2),
        }
        return {
            name: median(seconds_of(partial(_run, flags, code)) for _ in range(repeats))
            for name, (flags, code) in commands.items()
        }


def _run(flags: list[str], expected_code: int) -> None:
    command = [sys.executable, str(ROOT / "main.py"), *flags]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != expected_code:
        raise RuntimeError(f"{flags} ended with {done.returncode}: {done.stderr.decode()}")
