"""The smallest data set that the package datasets saved."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def write(folder: Path) -> None:
    """Save 6 images (3, 4, 5) of two classes."""
    pytest.importorskip("datasets.features")  # the folder ./datasets imports as `datasets`, too
    hub = pytest.importorskip("datasets")
    images = [Image.fromarray(np.full((4, 5, 3), number, np.uint8)) for number in range(6)]
    features = hub.Features({"image": hub.Image(), "label": hub.ClassLabel(names=["a", "b"])})
    table = hub.Dataset.from_dict({"image": images, "label": [0, 1] * 3}, features=features)
    table.save_to_disk(folder / "saved")
