"""The files of the smallest data set in an .npy file."""

from pathlib import Path

import numpy as np


def write(folder: Path) -> None:
    """Write 6 samples (3,) of two classes, with names."""
    np.save(folder / "samples.npy", np.ones((6, 3), np.float32))
    np.save(folder / "labels.npy", np.arange(6) % 2)
    np.save(folder / "ids.npy", np.array(list("abcdef")))
