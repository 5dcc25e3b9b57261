"""Images, their views image by image, and endless batches."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

Images = NDArray[np.uint8] | NDArray[np.float32]
"""(N, H, W), from 0 to 255 or from 0 to 1."""

Batch = dict[str, Tensor]
"""`index` (n,), each image's place in the data set, and views by name, (n, 1, H, W) in [0, 1]."""


class Views(Dataset):
    """The views of every image, computed on demand."""

    def __init__(self, images: Images, views: Mapping[str, Callable[[Any], Tensor]]) -> None:
        self.images, self.views = images, views

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict[str, Any]:
        image = Image.fromarray(self.images[index])
        return {"index": index, **{name: view(image) for name, view in self.views.items()}}


def read_images(dataset: Mapping[str, Any], folder: Path) -> Images:
    """Read the images of a configuration's data set; its root starts in `folder`."""
    if dataset.get("source") == "sklearn":
        return (load_digits().images / 16).astype(np.float32)
    opened = getattr(datasets, dataset["dataset"])(folder / dataset["root"], dataset["train"])
    return opened.data.numpy()


def as_tensor(images: Images) -> Tensor:
    """Return all images as ToTensor does, (N, 1, H, W) in [0, 1]."""
    values = torch.from_numpy(images)[:, None]
    return values.float() / 255 if values.dtype == torch.uint8 else values


def build_view(entries: list[dict[str, Any]]) -> transforms.Compose:
    """Build the transforms of a view, with ToTensor at the end."""
    steps = [_transform(**entry) for entry in entries if entry["type"] != "ToTensor"]
    return transforms.Compose([*steps, transforms.ToTensor()])


def endless_batches(dataset: Views, batch_size: int, shuffle: bool) -> Iterator[Batch]:
    """Yield the batches of one epoch after another, each without its incomplete last one.

    Raises:
        ValueError: an epoch has no batch.
    """
    loader = DataLoader(dataset, batch_size, shuffle=shuffle, drop_last=True, num_workers=0)
    if not len(loader):
        raise ValueError(f"{len(dataset)} images make no batch of {batch_size}")
    while True:
        yield from loader


def _transform(type: str, **options: Any) -> Callable[[Any], Any]:  # noqa: A002 - the file's key
    if "interpolation" in options:
        options["interpolation"] = transforms.InterpolationMode(options["interpolation"])
    return getattr(transforms, type)(**options)
