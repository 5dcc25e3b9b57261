"""A view: what transforms make of samples, the same for the same seed and moment."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision import transforms as tv
from torchvision.transforms import functional as TF

from dcrf.data.transforms.batched import apply_batched, batched
from dcrf.data.transforms.build import (
    TRANSFORM_ERRORS,
    ToTensor,
    apply_transforms,
    build_transforms,
    is_random,
)
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

# Those whose equivalents for batches give the very bytes of the transform of one image.
_EXACT = (tv.CenterCrop, tv.Normalize, ToTensor)


class View:
    """The transforms of one view.

    Args:
        entries: transform entries of a file; None means only `ToTensor`.
        streams: the view's random streams.
        example: a sample as `transform_sample` takes it. The transforms are tried on it at once.

    Raises:
        DataError: a transform refuses its arguments, or the transforms do not fit the example.
    """

    def __init__(
        self, entries: Sequence[Mapping[str, Any]] | None, streams: RandomStreams, example: Any
    ) -> None:
        self._transforms = build_transforms(entries or ())
        self._streams = streams
        self.is_random = any(is_random(transform) for transform in self._transforms)
        self._batched = self._equivalents(example)
        self._check(self.transform_sample(example, ("example",)))

    @property
    def is_batched(self) -> bool:
        """Whether `transform_batch` can be used."""
        return self._batched is not None

    def transform_batch(self, samples: Tensor, when: Sequence[object]) -> Tensor:
        """Return the view of a batch, one draw per sample.

        Args:
            samples: (n, *sample_shape), uint8 images or float32.
            when: what sets these draws apart from others of the view, as epoch and iteration.

        Raises:
            DataError: a transform fails on this batch, as one that is applied by chance only.
        """
        if self._batched is None:
            raise ValueError("a transform of this view works on single samples only")
        values = samples.float().div_(255) if samples.dtype == torch.uint8 else samples
        try:
            return apply_batched(self._batched, values, self._streams.generator("batch", *when))
        except TRANSFORM_ERRORS as error:
            raise DataError(f"the transforms fail on a batch: {error}") from error

    def transform_sample(self, sample: Any, when: Sequence[object]) -> Tensor:
        """Return the view of one sample.

        Args:
            sample: a PIL image, a uint8 tensor (C, H, W) that is an image, or a float tensor.
            when: what sets this draw apart from others of the view, as epoch and index.

        Raises:
            DataError: a transform fails on this sample.
        """
        value = as_image(sample)
        with _seeded(self._streams.seed_for("sample", *when)) if self.is_random else nullcontext():
            return ToTensor()(apply_transforms(self._transforms, value))

    def _equivalents(self, example: Any) -> tuple[Any, ...] | None:
        """Return the transforms for batches, where there are any that are as good.

        What never changes is exact: either it is cheap enough to be made of every batch anew, or
        it is made of single samples, once for all batches.
        """
        if not self.is_random and not all(isinstance(one, _EXACT) for one in self._transforms):
            return None
        if self.is_random and _has_alpha(example):
            return None
        is_float = isinstance(example, Tensor) and example.is_floating_point()
        return batched(self._transforms, from_images=not is_float)

    @staticmethod
    def _check(made: Any) -> None:
        if not isinstance(made, Tensor) or not made.is_floating_point():
            found = str(made.dtype) if isinstance(made, Tensor) else type(made).__name__
            raise DataError(
                f"the transforms make {found} of a sample; let them end with ToTensor, which "
                "makes float32 of an image"
            )


def _has_alpha(example: Any) -> bool:
    """Whether a sample is an image with transparency, which color operations leave alone."""
    image = as_image(example)
    return isinstance(image, Image.Image) and "A" in image.getbands()


def as_image(sample: Any) -> Any:
    """Return a PIL image for a uint8 tensor (C, H, W), and anything else as it is.

    A float tensor is copied, because some transforms work in place.
    """
    if isinstance(sample, Tensor):
        return TF.to_pil_image(sample) if sample.dtype == torch.uint8 else sample.clone()
    return sample


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the generators that torchvision draws from, and restore them afterwards.

    Only those on the CPU: this runs in worker processes, which must not touch a GPU.
    """
    python_state, torch_state = random.getstate(), torch.default_generator.get_state()
    random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        torch.default_generator.set_state(torch_state)
