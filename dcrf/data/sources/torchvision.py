"""The source `torchvision`: its classes of data sets, with the labels that each class keeps."""

import inspect
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dcrf.data.sources.image_folders import VisibleImageFolder
from dcrf.data.sources.outline import UNKNOWN, Outline, examples_of
from dcrf.data.sources.raw_data import RawData, Samples
from dcrf.data.sources.torchvision_facts import known_set
from dcrf.errors import DataError
from dcrf.safety.archives_and_images import common_image_formats, contained_extraction
from dcrf.safety.reading_errors import READING_ERRORS
from dcrf.schema.allowed_names import DATASETS
from dcrf.storage.atomic_files import waiting_lock

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
_COMPARED_LABELS = 16


class Torchvision:
    """A data set of torchvision.

    Labels come from the attribute in which the class keeps them, else from all items. They are
    None if targets are not single integers or some samples have no class. They are also None if
    all images of an `ImageFolder` lie in one folder.

    Args:
        dataset: name of the class in `DATASETS`.
        options: arguments of the class.
    """

    def __init__(self, dataset: str, /, **options: Any) -> None:
        self.dataset, self.options = dataset, options

    def open(self) -> RawData:
        """Download the data set if the options ask for it, and open it.

        Raises:
            DataError: the data set is missing, damaged or empty, the download fails, or the class
                rejects its options.
        """
        opened = self._opened()
        try:
            labels, *notes = _labels(opened)
            return RawData(self._samples(opened), labels, tuple(notes), _files(opened))
        except READING_ERRORS as error:
            raise DataError(
                f"data set {self.dataset}{_place(self.options)} cannot be read ({error})"
            ) from error

    def outline(self) -> Outline:
        """Return the outline known from the class and its options; folders of images are listed.

        Raises:
            DataError: a sample has too many values.
            OptionError: a folder of images is missing or empty.
        """
        known = known_set(self.dataset, self.options)
        if known is None:
            return UNKNOWN
        examples = examples_of(known.shape, known.dtype)
        return Outline(known.size(self.options), examples, known.has_labels(self.options))

    def _opened(self) -> Any:
        cls = VisibleImageFolder if self.dataset == "ImageFolder" else DATASETS[self.dataset]
        downloads = self.options.get("download") is True
        try:
            # two runs that begin together would write the same files
            alone = waiting_lock(Path(self.options["root"])) if downloads else nullcontext()
            with alone, contained_extraction():
                opened = cls(**self.options)
            size = len(opened)
        except READING_ERRORS as error:
            cause = f" ({type(error).__name__}: {error})" if str(error) else ""
            remedy = _remedy(cls, self.options, error)
            raise DataError(f"data set {self.dataset} cannot be opened{cause}{remedy}") from error
        if not size:
            raise DataError(f"data set {self.dataset} has no samples{_place(self.options)}")
        return opened

    def _samples(self, opened: Any) -> Samples:
        """Return a uint8 tensor (N, C, H, W) if the class holds one, else lazy samples."""
        if self.dataset not in _ARRAY_LAYOUTS:
            return _LazySamples(opened)
        images = torch.as_tensor(np.ascontiguousarray(opened.data))
        layout = _ARRAY_LAYOUTS[self.dataset]
        if layout == "NHW":
            return images.unsqueeze(1)
        return images.permute(0, 3, 1, 2).contiguous() if layout == "NHWC" else images


class _LazySamples:
    """The samples of a data set whose items are (sample, label, ...), decoded on access."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return _item(self.dataset, index)[0]


def _place(options: Mapping[str, Any]) -> str:
    return f" in {options['root']}" if "root" in options else ""


def _remedy(cls: type, options: Mapping[str, Any], error: Exception) -> str:
    place, text = _place(options), str(error)
    if isinstance(error, TypeError) or text.startswith("Unknown "):  # of an option's value
        return ""
    if "download" not in inspect.signature(cls).parameters:
        return f"; look for its files{place}"
    if options.get("download"):
        return f"; if the download failed, remove the files that it left{place} and try again"
    if isinstance(error, FileNotFoundError) or "download=True" in text:
        return f'; it was looked for{place}, and "download": true fetches it'
    return (
        f"; a file{place} is incomplete, or has other content such as a web page; remove it, and "
        '"download": true fetches it again'
    )


def _files(dataset: Any) -> list[str | Path]:
    """Return the files in the lists of paths, or of (path, ...), that a class keeps."""
    files: list[str | Path] = []
    for values in vars(dataset).values():
        if isinstance(values, list):
            firsts = [value[0] if isinstance(value, tuple) else value for value in values]
            are_paths = all(isinstance(first, str | Path) for first in firsts)
            if are_paths and Path(*firsts[:1]).is_file():
                files.extend(firsts)
    return list(dict.fromkeys(files))  # a class may keep one list under two names


def _labels(dataset: Any) -> tuple[np.ndarray | None, *tuple[str, ...]]:
    """Return labels (N,) int64 or None, and notes."""
    targets = {index: _item(dataset, index)[1] for index in _compared(len(dataset))}
    if isinstance(dataset, VisibleImageFolder) and not dataset.has_classes:
        return (
            None,
            f"all images in {dataset.root} lie in one folder, so the data set has no labels",
        )
    if not all(map(_is_integer, targets.values())):
        return (
            None,
            "the targets of the data set are not single integers, so the data set has no labels",
        )
    labels = _kept_labels(dataset)
    if labels is None or any(int(labels[i]) != int(target) for i, target in targets.items()):
        every = [_item(dataset, index)[1] for index in range(len(dataset))]
        if not all(map(_is_integer, every)):
            return (
                None,
                "some targets of the data set are not integers, so the data set has no labels",
            )
        labels = np.array([int(target) for target in every])
    if n_unlabeled := int((labels < 0).sum()):  # as STL10 marks samples without a class
        return (
            None,
            f"{n_unlabeled} of {len(labels)} samples have no class, so the data set has no labels",
        )
    return (labels.astype(np.int64),)


def _compared(size: int) -> list[int]:
    """Return indices of the first, the last and some random samples."""
    drawn = np.random.default_rng(0).integers(0, size, _COMPARED_LABELS).tolist()
    return sorted({0, size - 1, *drawn})


def _item(dataset: Any, index: int) -> Any:
    """Return (sample, label, ...). Workers call it in processes of their own."""
    with common_image_formats():
        return dataset[index]


def _kept_labels(dataset: Any) -> np.ndarray | None:
    """Return integers (N,) from an attribute that looks like labels.

    Some classes use these names for other values, so the caller compares a few items.
    """
    candidates = [getattr(dataset, name, None) for name in _LABEL_ATTRIBUTES]
    for name in _PAIR_ATTRIBUTES:
        pairs = getattr(dataset, name, None)
        if isinstance(pairs, list) and all(isinstance(pair, tuple) for pair in pairs):
            candidates.append([pair[-1] for pair in pairs])
    for values in candidates:
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
    labels = labels.reshape(size, -1)[:, 0]  # the first of QMNIST's columns is the class
    return labels if labels.dtype.kind in "bui" else None


def _is_integer(target: Any) -> bool:
    return np.ndim(target) == 0 and np.asarray(target).dtype.kind in "bui"
