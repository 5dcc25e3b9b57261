"""Data sets of torchvision: their samples, and the labels wherever a class keeps them."""

import inspect
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dcrf.data.sources.raw_data import RawData, Samples
from dcrf.errors import DataError
from dcrf.safety.archives_and_images import opening_common_images, unpacking_inside
from dcrf.safety.reading_errors import READING_ERRORS
from dcrf.schema.allowed_names import DATASETS
from dcrf.storage.atomic_files import alone_in

# Axes of `data` in the classes that hold all images as one uint8 array.
_ARRAY_LAYOUTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST"), "NHW"),
        **dict.fromkeys(("USPS", "SEMEION"), "NHW"),
        **dict.fromkeys(("CIFAR10", "CIFAR100"), "NHWC"),
        **dict.fromkeys(("SVHN", "STL10"), "NCHW"),
    }
)
_LABEL_ATTRIBUTES = ("targets", "labels", "_labels", "y")
_PAIR_ATTRIBUTES = ("samples", "_samples", "_flat_character_images")  # lists of (sample, label)


class _First:
    """The samples of a data set whose items are (sample, label, ...)."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return _item(self.dataset, index)[0]


def open_torchvision(dataset: str, **options: Any) -> RawData:
    """Open a data set of torchvision.

    Labels come from where the class keeps them, else from going through all items once. They are
    None where an item's target is no single integer, or where some samples have no class.

    Args:
        dataset: the class's name in `DATASETS`.
        options: arguments of the class.

    Raises:
        DataError: the data set is missing, damaged, empty, cannot be downloaded, or refuses its
            options.
    """
    cls = DATASETS[dataset]
    downloads = options.get("download") is True
    try:
        # two runs that begin together would write the same files
        alone = alone_in(Path(options["root"])) if downloads else nullcontext()
        with alone, unpacking_inside():
            opened = cls(**options)
        size = len(opened)
    except READING_ERRORS as error:
        remedy = _remedy(cls, options)
        raise DataError(
            f"data set {dataset} cannot be opened ({type(error).__name__}: {error}){remedy}"
        ) from error
    if not size:
        raise DataError(f"data set {dataset} has no samples{_place(options)}")
    try:
        return RawData(_samples(opened, dataset), _labels(opened))
    except READING_ERRORS as error:
        raise DataError(f"data set {dataset}{_place(options)} cannot be read ({error})") from error


def _place(options: Mapping[str, Any]) -> str:
    return f" in {options['root']}" if "root" in options else ""


def _remedy(cls: type, options: Mapping[str, Any]) -> str:
    place = _place(options)
    if "download" not in inspect.signature(cls).parameters:
        return f"; look for its files{place}"
    if options.get("download"):
        return f"; if the download failed, remove what it left{place}, or put the files there"
    return f'; it was looked for{place}, and "download": true fetches it'


def _samples(dataset: Any, name: str) -> Samples:
    """Return a uint8 tensor (N, C, H, W) where the class holds one, else the lazy samples."""
    if name not in _ARRAY_LAYOUTS:
        return _First(dataset)
    images = torch.as_tensor(np.ascontiguousarray(dataset.data))
    layout = _ARRAY_LAYOUTS[name]
    if layout == "NHW":
        return images.unsqueeze(1)
    return images.permute(0, 3, 1, 2).contiguous() if layout == "NHWC" else images


def _labels(dataset: Any) -> np.ndarray | None:
    some = (0, len(dataset) // 2, len(dataset) - 1)
    targets = {index: _item(dataset, index)[1] for index in some}
    if not all(_is_integer(target) for target in targets.values()):
        return None
    kept = _kept_labels(dataset)
    if kept is None or any(int(kept[index]) != int(target) for index, target in targets.items()):
        found = [_item(dataset, index)[1] for index in range(len(dataset))]
        if not all(_is_integer(target) for target in found):
            return None
        kept = np.array([int(target) for target in found])
    # STL10 gives -1 to the samples that have no class
    return None if (kept < 0).any() else kept.astype(np.int64)


def _item(dataset: Any, index: int) -> Any:
    """Return (sample, label, ...); in workers too, which are processes of their own."""
    with opening_common_images():
        return dataset[index]


def _kept_labels(dataset: Any) -> np.ndarray | None:
    """Return the integers (N,) in an attribute that looks like labels, if there is one.

    Some classes use these names for other things, so the caller compares with a few items.
    """
    found = [getattr(dataset, name, None) for name in _LABEL_ATTRIBUTES]
    for name in _PAIR_ATTRIBUTES:
        pairs = getattr(dataset, name, None)
        if isinstance(pairs, list) and all(isinstance(pair, tuple) for pair in pairs):
            found.append([pair[-1] for pair in pairs])
    for values in found:
        labels = _as_integers(values, len(dataset))
        if labels is not None:
            return labels
    return None


def _as_integers(values: Any, size: int) -> np.ndarray | None:
    if not isinstance(values, list | np.ndarray | Tensor) or len(values) != size:
        return None
    if isinstance(values, list) and not all(_is_integer(value) for value in values):
        return None
    labels = np.asarray(values)
    labels = labels.reshape(size, -1)[:, 0]  # of QMNIST's many columns the first is the class
    return labels if labels.dtype.kind in "bui" else None


def _is_integer(target: Any) -> bool:
    return np.ndim(target) == 0 and np.asarray(target).dtype.kind in "bui"
