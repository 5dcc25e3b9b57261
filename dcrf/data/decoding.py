"""Decode samples: one, or all into one tensor."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dcrf.data.raw import READING_ERRORS, Samples
from dcrf.errors import DataError

_PLAIN_MODES = ("L", "RGB", "RGBA")  # the modes that uint8 channels hold without loss


def read_sample(samples: Samples, index: int) -> Any:
    """Return sample `index`: a PIL image or a tensor.

    Raises:
        DataError: it cannot be decoded, or is something else.
    """
    try:
        sample = samples[index]
    except READING_ERRORS as error:
        raise DataError(
            f"sample {index} cannot be decoded ({type(error).__name__}: {error}); is its file "
            "complete?"
        ) from error
    if not isinstance(sample, Image.Image | Tensor):
        raise DataError(f"sample {index} is a {type(sample).__name__}, not an image or a tensor")
    return sample


def decode_all(samples: Samples, budget: int) -> Tensor | None:
    """Return all samples as one tensor, (N, C, H, W) uint8 or (N, *sample_shape) float32.

    None where they need more than `budget` bytes, differ in shape, or are images whose mode
    channels of uint8 cannot hold.

    Raises:
        DataError: a sample cannot be decoded.
    """
    if isinstance(samples, Tensor):
        return samples
    first = _as_tensor(read_sample(samples, 0))
    if first is None or first.nbytes * len(samples) > budget:
        return None
    decoded = torch.empty(len(samples), *first.shape, dtype=first.dtype)
    for index in range(len(samples)):
        sample = _as_tensor(read_sample(samples, index))
        if sample is None or (sample.shape, sample.dtype) != (first.shape, first.dtype):
            return None
        decoded[index] = sample
    return decoded


def _as_tensor(sample: Image.Image | Tensor) -> Tensor | None:
    if isinstance(sample, Tensor):
        return sample if sample.dtype in (torch.uint8, torch.float32) else None
    if sample.mode not in _PLAIN_MODES:
        return None
    pixels = torch.from_numpy(np.array(sample))
    return pixels.reshape(*pixels.shape[:2], -1).permute(2, 0, 1)
