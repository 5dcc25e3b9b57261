"""What data sets of torchvision and scikit-learn hold, so that it is known before reading them.

A shape is that of a sample, (C, H, W) or (d,); None where images differ in height and width. Sets
whose images differ in mode, or that torchvision does not convert to one, are not here.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from dcrf.data.sources.image_folders import count_images
from dcrf.errors import DataError

Options = Mapping[str, Any]
Size = Callable[[Options], int | None]


class KnownSet(NamedTuple):
    """What is known of a data set.

    shape: of a sample, as (C, None, None) where sizes differ.
    size: number of samples with the options of a file, or None where it is not known.
    has_labels: whether every sample has a class, None where that is not known.
    """

    shape: tuple[int | None, ...]
    size: Size = lambda _: None
    has_labels: Callable[[Options], bool | None] = lambda _: None


def known_set(source: str, dataset: str, options: Options) -> KnownSet | None:
    """Return what is known of a set with the options of a file, where anything is.

    Raises:
        DataError: scikit-learn has no such set.
    """
    if source == "sklearn":
        if dataset not in SKLEARN:
            known = ", ".join(SKLEARN)
            raise DataError(f"scikit-learn has no bundled data set {dataset}; there are: {known}")
        return SKLEARN[dataset]
    if dataset == "FakeData":
        return _fake(options)
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
    what = options.get("what") or ("train" if options.get("train", True) else "test")
    return sizes.get(str(what))


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


_MNIST = KnownSet((1, 28, 28), _train(60000, 10000), _always)
_CIFAR = KnownSet((3, 32, 32), _train(50000, 10000), _always)
_COLOURED = (
    "CLEVRClassification", "Country211", "DTD", "FGVCAircraft", "Flowers102", "Food101", "GTSRB",
    "ImageNet", "Imagenette", "OxfordIIITPet", "Places365",
    "RenderedSST2", "StanfordCars", "SUN397",
)  # fmt: skip

TORCHVISION: Mapping[str, KnownSet] = MappingProxyType(
    {
        **dict.fromkeys(_COLOURED, KnownSet((3, None, None))),
        "ImageFolder": KnownSet((3, None, None), count_images, _always),
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

SKLEARN: Mapping[str, KnownSet] = MappingProxyType(
    {
        "load_digits": KnownSet((1, 8, 8), _whole(1797), _always),
        "load_breast_cancer": KnownSet((30,), _whole(569), _always),
        "load_iris": KnownSet((4,), _whole(150), _always),
        "load_wine": KnownSet((13,), _whole(178), _always),
    }
)
