"""The file of the smallest data set in an .npz file."""

from pathlib import Path

import numpy as np


def write(folder: Path) -> None:
    """Write 6 samples (3,) of two classes."""
    np.savez(folder / "small.npz", samples=np.ones((6, 3), np.float32), labels=np.arange(6) % 2)
