"""Shape, number and labels of torchvision's data sets, known before they are read.

Data sets whose images differ in mode, or that torchvision does not convert to one, are missing.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from PIL import Image

from dcrf.data.sources.image_folders import is_deep, list_images
from dcrf.safety.archives_and_images import common_image_formats
from dcrf.safety.reading_errors import READING_ERRORS

Options = Mapping[str, Any]
Size = Callable[[Options], int | None]


class KnownSet(NamedTuple):
    """Properties of a data set.

    shape: of a sample, (C, H, W), or (C, None, None) if images differ in size.
    size: options -> number of samples, None if unknown.
    has_labels: options -> whether every sample has a class, None if unknown.
    dtype: of a sample.
    """

    shape: tuple[int | None, ...]
    size: Size = lambda _: None
    has_labels: Callable[[Options], bool | None] = lambda _: None
    dtype: torch.dtype = torch.uint8


def known_set(dataset: str, options: Options) -> KnownSet | None:
    """Return the properties of a data set with the options of a file; None if unknown.

    Raises:
        OptionError: a folder of images is missing or empty.
    """
    if dataset == "FakeData":
        return _fake(options)
    if dataset == "ImageFolder":
        return _image_folder(options)
    return TORCHVISION.get(dataset)


def _always(_: Options) -> bool:
    return True


def _whole(n_samples: int) -> Size:
    return lambda _: n_samples


def _train(n_train: int, n_test: int) -> Size:
    return lambda options: n_train if options.get("train", True) else n_test


def _by(key: str, default: str, **sizes: int) -> Size:
    return lambda options: sizes.get(str(options.get(key, default)))


def _emnist(options: Options) -> int | None:
    sizes = {
        "byclass": (697932, 116323),
        "bymerge": (697932, 116323),
        "balanced": (112800, 18800),
        "letters": (124800, 20800),
        "digits": (240000, 40000),
        "mnist": (60000, 10000),
    }.get(str(options.get("split")))
    return sizes and _train(*sizes)(options)


def _qmnist(options: Options) -> int | None:
    sizes = {"train": 60000, "test": 60000, "test10k": 10000, "test50k": 50000, "nist": 402953}
    part = options.get("what") or ("train" if options.get("train", True) else "test")
    return sizes.get(str(part))


def _stl10(options: Options) -> int | None:
    sizes = {"train": 5000, "test": 8000, "unlabeled": 100000, "train+unlabeled": 105000}
    return None if options.get("folds") is not None else sizes.get(options.get("split", "train"))


def _stl10_has_labels(options: Options) -> bool:
    return "unlabeled" not in str(options.get("split", "train"))


def _fake(options: Options) -> KnownSet | None:
    shape, size = options.get("image_size", (3, 224, 224)), options.get("size", 1000)
    is_shape = isinstance(shape, list | tuple) and all(isinstance(n, int) for n in shape)
    if not is_shape or not isinstance(size, int):
        return None
    return KnownSet(tuple(shape), _whole(size), _always)


def _image_folder(options: Options) -> KnownSet:
    """Return the number of images, and the type of the first one."""
    content, dtype = list_images(options), torch.uint8
    with suppress(*READING_ERRORS), common_image_formats():
        if content.first is not None:
            with Image.open(content.first) as image:
                dtype = torch.float32 if is_deep(image) else torch.uint8
    is_counted = content.n_images is not None
    has_labels = content.n_classes > 1 or (False if is_counted else None)
    return KnownSet((3, None, None), lambda _: content.n_images, lambda _: has_labels, dtype)


_MNIST = KnownSet((1, 28, 28), _train(60000, 10000), _always)
_CIFAR = KnownSet((3, 32, 32), _train(50000, 10000), _always)
_COLORED = (
    "CLEVRClassification", "Country211", "DTD", "FGVCAircraft", "Flowers102", "Food101", "GTSRB",
    "ImageNet", "Imagenette", "OxfordIIITPet", "Places365",
    "RenderedSST2", "StanfordCars", "SUN397",
)  # fmt: skip

TORCHVISION: Mapping[str, KnownSet] = MappingProxyType(
    {
        **dict.fromkeys(_COLORED, KnownSet((3, None, None))),
        **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST"), _MNIST),
        **dict.fromkeys(("CIFAR10", "CIFAR100"), _CIFAR),
        "EMNIST": KnownSet((1, 28, 28), _emnist, _always),
        "QMNIST": KnownSet((1, 28, 28), _qmnist, _always),
        "USPS": KnownSet((1, 16, 16), _train(7291, 2007), _always),
        "SEMEION": KnownSet((1, 16, 16), _whole(1593), _always),
        "SVHN": KnownSet(
            (3, 32, 32), _by("split", "train", train=73257, test=26032, extra=531131), _always
        ),
        "STL10": KnownSet((3, 96, 96), _stl10, _stl10_has_labels),
        "EuroSAT": KnownSet((3, 64, 64), _whole(27000), _always),
        "FER2013": KnownSet((1, 48, 48)),
        "LFWPeople": KnownSet((3, 250, 250)),
        "Omniglot": KnownSet((1, 105, 105)),
        "PCAM": KnownSet(
            (3, 96, 96), _by("split", "train", train=262144, val=32768, test=32768), _always
        ),
    }
)
