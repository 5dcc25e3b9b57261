"""Decode one sample, or all samples into one tensor."""

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

_SAMPLES_PER_TASK = 64
_UINT8_MODES = ("L", "RGB", "RGBA")  # image modes whose channels are uint8


class TransformedSamples(Dataset):
    """Lazy samples with fixed transforms applied to each."""

    def __init__(self, samples: Samples, transforms: Sequence[Transform]) -> None:
        self._samples, self._transforms = samples, transforms

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Any:
        """Return sample `index`, decoded and transformed.

        Raises:
            DataError: the sample cannot be decoded, or a transform fails on it.
        """
        sample = as_image(read_sample(self._samples, index))
        try:
            return apply_transforms(self._transforms, sample)
        except DataError as error:
            raise DataError(f"sample {index}: {error}") from error


def read_sample(samples: Samples, index: int) -> Any:
    """Return sample `index`: a PIL image or a tensor.

    Raises:
        DataError: the sample cannot be decoded, or is neither an image nor a tensor.
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

    Return None if they need more than `budget` bytes, differ in shape, or are images with
    channels other than uint8.

    Args:
        samples: lazy samples, or a tensor of any size, which is returned unchanged.
        budget: bytes.
        num_workers: number of decoding processes; 0 decodes in this process.

    Raises:
        DataError: a sample cannot be decoded.
    """
    if isinstance(samples, Tensor):
        return samples
    first = _as_tensor(read_sample(samples, 0))
    if first is None or first.nbytes * len(samples) > budget:
        return None
    parts = DataLoader(
        _SampleStacks(samples, first),
        batch_size=None,  # an item is a stack of samples already
        sampler=torch.arange(len(samples)).split(_SAMPLES_PER_TASK),
        num_workers=num_workers,
        generator=torch.Generator(),  # leaves torch's global generator unchanged
    )
    whole = torch.empty(len(samples), *first.shape, dtype=first.dtype)
    for indices, part in zip(parts.sampler, parts, strict=True):
        if isinstance(part, DataError):
            raise part
        if part is None:
            return None
        whole[indices] = part
    return whole


class _SampleStacks(Dataset):
    """Item `indices` is a tensor of those samples, or None if one differs from `first` in kind."""

    def __init__(self, samples: Samples, first: Tensor) -> None:
        self._samples, self._shape_and_dtype = samples, (first.shape, first.dtype)

    def __getitem__(self, indices: Tensor) -> Tensor | DataError | None:
        """Return the samples, or an error, since one raised in a worker contains a traceback."""
        decoded: list[Tensor] = []
        try:
            for index in indices.tolist():
                sample = _as_tensor(read_sample(self._samples, index))
                if sample is None or (sample.shape, sample.dtype) != self._shape_and_dtype:
                    return None
                decoded.append(sample)
        except DataError as error:
            return error
        return torch.stack(decoded)


def _as_tensor(sample: Image.Image | Tensor) -> Tensor | None:
    if isinstance(sample, Tensor):
        return sample if sample.dtype in (torch.uint8, torch.float32) else None
    if sample.mode not in _UINT8_MODES:
        return None
    pixels = torch.from_numpy(np.array(sample))
    return pixels.reshape(*pixels.shape[:2], -1).permute(2, 0, 1)
