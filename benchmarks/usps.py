"""USPS, the data set of the tables of clusterings, methods and peers."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torchvision.datasets import USPS

DATA = Path(__file__).parents[1] / "datasets" / "usps"
N_CLUSTERS = 10


def usps_pixels() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return pixels (9298, 256) from 0 to 1 of all images, and their labels (9298,)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = [USPS(str(DATA), train=train) for train in (True, False)]
    pixels = np.concatenate([part.data for part in parts]).reshape(-1, 256).astype(np.float32)
    return pixels / np.float32(255), np.concatenate([part.targets for part in parts])
