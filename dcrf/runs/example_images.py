"""The examples of clusters as small files of images, so that a report need not read the data."""

from pathlib import Path

import numpy as np
import torch

from dcrf.batch import DatasetPass
from dcrf.pictures.images import are_images
from dcrf.storage.atomic_files import replacing

_BYTES = 2**22
"""Of larger files reports read the data, which are then files of images."""


def save_images(file: Path, samples: list[int], data_pass: DatasetPass) -> None:
    """Write images, uint8 (n, *shape), from the least to the greatest value of all.

    No file of samples that are not images, or of more than 4 MiB.

    Args:
        file: in numpy's format.
        samples: the n samples.
        data_pass: over the data set.

    Raises:
        OSError: the file cannot be written.
    """
    if not samples:
        return
    indices = torch.tensor(samples)
    first = data_pass(lambda batch: batch.samples, indices[:1])
    if not are_images(first.cpu().numpy()) or len(samples) * first.numel() > _BYTES:
        return
    values = data_pass(lambda batch: batch.samples, indices).float().cpu().numpy()
    low, high = values.min(), values.max()
    images = ((values - low) * (255 / ((high - low) or 1))).astype(np.uint8)
    with replacing(file) as stream:
        np.save(stream, images, allow_pickle=False)
