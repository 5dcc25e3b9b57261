"""Views: reproducible transforms of samples and batches."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision import transforms as tv
from torchvision.transforms import functional as TF

from dcrf.data.transforms.batched import apply_batched, batched_transforms
from dcrf.data.transforms.build import (
    TRANSFORM_ERRORS,
    ToTensor,
    apply_transforms,
    build_transforms,
    is_random,
    needs_others,
)
from dcrf.errors import DataError, TransformError
from dcrf.randomness import RandomStreams

# Transforms whose equivalents for batches return the same bytes as for single images.
_EXACT = (tv.CenterCrop, tv.Normalize, ToTensor)


class View:
    """The transforms of one view.

    Args:
        entries: transform entries of a method file; None means only `ToTensor`.
        streams: the random streams of the view.
        example: a sample as in `transform_sample`, on which the transforms are tried at once.

    needs_others: whether samples change by the other samples of their batch, so that
        `transform_sample` is not the view of a sample.

    Raises:
        DataError: a transform rejects its arguments, or the transforms do not fit the example or
            each other.
    """

    def __init__(
        self, entries: Sequence[Mapping[str, Any]] | None, streams: RandomStreams, example: Any
    ) -> None:
        self._transforms = build_transforms(entries or ())
        self._streams = streams
        self.is_random = any(is_random(transform) for transform in self._transforms)
        self._batched = self._batched_transforms(example)
        self._check(self.transform_sample(example, ("example",)))
        self.needs_others = any(map(needs_others, self._transforms))
        if self.needs_others and not self.is_batched:
            raise TransformError(
                "a transform takes features of other samples of a batch, but another one of the "
                "same view runs on single samples only; remove one of them"
            )

    @property
    def is_batched(self) -> bool:
        """Whether `transform_batch` is available."""
        return self._batched is not None

    def transform_batch(self, samples: Tensor, draw: Sequence[object]) -> Tensor:
        """Return the view of a batch, with separate random draws for each sample.

        Args:
            samples: (n, *sample_shape), uint8 images or float32.
            draw: identifies the random draws, such as epoch and iteration.

        Raises:
            TransformError: a transform fails on this batch, such as one with a probability below 1.
        """
        if self._batched is None:
            raise ValueError("a transform of this view supports single samples only")
        values = samples.float().div_(255) if samples.dtype == torch.uint8 else samples
        try:
            return apply_batched(self._batched, values, self._streams.generator("batch", *draw))
        except TRANSFORM_ERRORS as error:
            raise TransformError(f"the transforms fail on a batch: {error}") from error

    def transform_sample(self, sample: Any, draw: Sequence[object]) -> Tensor:
        """Return the view of one sample.

        Args:
            sample: a PIL image, a uint8 tensor (C, H, W) that is an image, or a float tensor.
            draw: identifies the random draw, such as epoch and index.

        Raises:
            DataError: a transform fails on this sample.
        """
        value = as_image(sample)
        with _seeded(self._streams.seed_for("sample", *draw)) if self.is_random else nullcontext():
            return ToTensor()(apply_transforms(self._transforms, value))

    def _batched_transforms(self, example: Any) -> tuple[Any, ...] | None:
        """Return the equivalent transforms for batches, or None.

        A fixed view must be exact. If an equivalent is not, the view is computed from single
        samples, once for all batches.
        """
        if not self.is_random and not all(isinstance(t, _EXACT) for t in self._transforms):
            return None
        if self.is_random and _has_alpha(example):
            return None
        is_float = isinstance(example, Tensor) and example.is_floating_point()
        return batched_transforms(self._transforms, from_images=not is_float)

    @staticmethod
    def _check(value: Any) -> None:
        if not isinstance(value, Tensor) or not value.is_floating_point():
            kind = str(value.dtype) if isinstance(value, Tensor) else type(value).__name__
            raise DataError(
                f"the transforms turn a sample into {kind}, expected a float tensor; end them with "
                '{"type": "ToTensor"}'
            )


def _has_alpha(example: Any) -> bool:
    """Whether a sample is an image with an alpha channel, which color transforms do not change."""
    image = as_image(example)
    return isinstance(image, Image.Image) and "A" in image.getbands()


def as_image(sample: Any) -> Any:
    """Return a PIL image for a uint8 tensor (C, H, W), and any other sample unchanged.

    A float tensor is copied, because some transforms modify their input.
    """
    if isinstance(sample, Tensor):
        return TF.to_pil_image(sample) if sample.dtype == torch.uint8 else sample.clone()
    return sample


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the generators that torchvision draws from, and restore them afterwards.

    CPU generators only: this runs in worker processes, which must not use a GPU.
    """
    python_state, torch_state = random.getstate(), torch.default_generator.get_state()
    random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        torch.default_generator.set_state(torch_state)
