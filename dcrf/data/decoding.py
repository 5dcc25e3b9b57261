"""Decode samples: one, or all into one tensor."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dcrf.data.sources.raw_data import Samples
from dcrf.data.transforms.build import Transform, apply_transforms
from dcrf.data.views import as_image
from dcrf.errors import DataError
from dcrf.safety.reading_errors import READING_ERRORS

_PART = 64  # samples at a time
_PLAIN_MODES = ("L", "RGB", "RGBA")  # the modes that uint8 channels hold without loss


class Prepared(Dataset):
    """Samples as transforms leave them that are the same in every view and at every time."""

    def __init__(self, samples: Samples, transforms: Sequence[Transform]) -> None:
        self._samples, self._transforms = samples, transforms

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Any:
        """Return sample `index`, decoded and transformed.

        Raises:
            DataError: it cannot be decoded, or a transform fails on it.
        """
        sample = as_image(read_sample(self._samples, index))
        try:
            return apply_transforms(self._transforms, sample)
        except DataError as error:
            raise DataError(f"sample {index}: {error}") from error


def read_sample(samples: Samples, index: int) -> Any:
    """Return sample `index`: a PIL image or a tensor.

    Raises:
        DataError: it cannot be decoded, or is something else.
    """
    try:
        sample = samples[index]
    except READING_ERRORS as error:
        is_large = isinstance(error, Image.DecompressionBombError)
        remedy = "make it smaller" if is_large else "is its file complete?"
        raise DataError(
            f"sample {index} cannot be decoded ({type(error).__name__}: {error}); {remedy}"
        ) from error
    if not isinstance(sample, Image.Image | Tensor):
        raise DataError(f"sample {index} is a {type(sample).__name__}, not an image or a tensor")
    return sample


def decode_all(samples: Samples, budget: int, num_workers: int = 0) -> Tensor | None:
    """Return all samples as one tensor, (N, C, H, W) uint8 or (N, *sample_shape) float32.

    None where they need more than `budget` bytes, differ in shape, or are images whose mode
    channels of uint8 cannot hold.

    Args:
        samples: a tensor, which is returned as it is, whatever its size, or lazy samples.
        budget: bytes.
        num_workers: processes that decode; 0 decodes in this one.

    Raises:
        DataError: a sample cannot be decoded.
    """
    if isinstance(samples, Tensor):
        return samples
    first = _as_tensor(read_sample(samples, 0))
    if first is None or first.nbytes * len(samples) > budget:
        return None
    parts = DataLoader(
        _Parts(samples, first),
        batch_size=None,  # an item is some samples already
        sampler=torch.arange(len(samples)).split(_PART),
        num_workers=num_workers,
        generator=torch.Generator(),  # torch's global one is left alone
    )
    whole = torch.empty(len(samples), *first.shape, dtype=first.dtype)
    for indices, part in zip(parts.sampler, parts, strict=True):
        if isinstance(part, DataError):
            raise part
        if part is None:
            return None
        whole[indices] = part
    return whole


class _Parts(Dataset):
    """Item `indices` is those samples as one tensor, or None if one is not like `first`."""

    def __init__(self, samples: Samples, first: Tensor) -> None:
        self._samples, self._kind = samples, (first.shape, first.dtype)

    def __getitem__(self, indices: Tensor) -> Tensor | DataError | None:
        """Return the samples, or their error: raised in a worker, it would bring a traceback."""
        alike: list[Tensor] = []
        try:
            for index in indices.tolist():
                sample = _as_tensor(read_sample(self._samples, index))
                if sample is None or (sample.shape, sample.dtype) != self._kind:
                    return None
                alike.append(sample)
        except DataError as error:
            return error
        return torch.stack(alike)


def _as_tensor(sample: Image.Image | Tensor) -> Tensor | None:
    if isinstance(sample, Tensor):
        return sample if sample.dtype in (torch.uint8, torch.float32) else None
    if sample.mode not in _PLAIN_MODES:
        return None
    pixels = torch.from_numpy(np.array(sample))
    return pixels.reshape(*pixels.shape[:2], -1).permute(2, 0, 1)
