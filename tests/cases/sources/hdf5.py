"""The file of the smallest data set of HDF5."""

from pathlib import Path

import numpy as np
import pytest


def write(folder: Path) -> None:
    """Write 6 samples (3,) of two classes."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "small.h5", "w") as file:
        file["samples"] = np.arange(18, dtype=np.float32).reshape(6, 3)
        file["labels"] = np.arange(6) % 2
