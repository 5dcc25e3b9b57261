"""Pretrained networks by name: `torchvision/NAME`, `timm/NAME` and `open_clip/NAME/PRETRAINED`."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from dcrf.config.rules.suggestions import closest, listed
from dcrf.errors import DataError, cause_of
from dcrf.extras import optional_package
from dcrf.mappings.torchvision_networks import HEAD, NETWORKS, fill, headless, published_tensors
from dcrf.randomness import RandomStreams, global_seed
from dcrf.storage.tensor_files import read_tensors

PUBLISHED = "published parameters"
_BEGINNING = 3  # letters
_REMEDY = "name a file with its parameters: --weights FILE"


@dataclass(frozen=True, slots=True)
class Network:
    """A network in evaluation mode that maps images to features.

    package: that has the network, with its version.
    features: maps (n, 3, h, w) to (n, d).
    preprocess: maps an RGB image to (3, h, w).
    module: has the parameters.
    head: the modules that its published parameters have besides.
    weights: where the parameters come from.
    is_pretrained: whether the parameters are not random.
    """

    name: str
    package: str
    features: Callable[[Tensor], Tensor]
    preprocess: Callable[[Image.Image], Tensor]
    module: nn.Module
    head: Sequence[str] = ()
    weights: str = PUBLISHED
    is_pretrained: bool = True

    @property
    def preprocessing(self) -> str:
        """The preprocessing in words, the same in every process."""
        words = " ".join(repr(self.preprocess).split())
        return re.sub(r" at 0x[0-9a-f]+", "", words)

    def weights_sha256(self) -> str:
        """Return the digest of all parameters and buffers, with their names."""
        return tensors_sha256(self.module.state_dict())


def open_network(name: str, weights: Path | None = None, seed: int | None = None) -> Network:
    """Return a network with its published parameters, those of a file, or random ones.

    Args:
        name: of the network, with its package first.
        weights: a safetensors or torch file with its tensors by name. Those of a head may be there.
        seed: of random parameters; None for none.

    Raises:
        DataError: the name is unknown, the package is not installed, published parameters cannot
            be downloaded, or the file does not fit.
    """
    package, _, model = name.partition("/")
    if package not in _PACKAGES or not model:
        guess = closest(name, list(NETWORKS))
        remedy = f"did you mean torchvision/{guess}?" if guess else f"expected {_FORMS}"
        raise DataError(f"no network is called {name!r}; {remedy}")
    is_published = weights is None and seed is None
    with global_seed(RandomStreams(seed or 0).seed_for("network", name)):
        network = _PACKAGES[package](model, is_published)
    network.module.eval()
    if weights is not None:
        fill(network.module, read_tensors(weights), str(weights), network.head)
        return replace(network, weights=f"parameters in {weights}")
    if seed is not None:
        return replace(network, weights=f"random parameters, seed {seed}", is_pretrained=False)
    return network


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Return the digest of tensors by name: of names, types, shapes and values."""
    checksum = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        checksum.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        checksum.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return checksum.hexdigest()


def _torchvision(model: str, is_published: bool) -> Network:
    if model not in NETWORKS:
        raise _unknown("torchvision", model, list(NETWORKS))
    module = headless(model)
    weights = PUBLISHED
    if is_published:
        try:
            tensors, weights = published_tensors(model)
        except ValueError as error:
            raise DataError(f"{error}; {_REMEDY}") from error
        fill(module, tensors, weights, HEAD)
    preprocess = NETWORKS[model][1].DEFAULT.transforms()
    package = f"torchvision {version('torchvision')}"
    return Network(f"torchvision/{model}", package, module, preprocess, module, HEAD, weights)


def _timm(model: str, is_published: bool) -> Network:
    timm = optional_package("timm", "timm")
    if not timm.is_model(model):
        raise _unknown("timm", model, timm.list_models())
    with _opening(f"timm/{model}"):
        module = timm.create_model(model, pretrained=is_published, num_classes=0)
        settings = timm.data.resolve_model_data_config(module)
        preprocess = timm.data.create_transform(**settings, is_training=False)
    head = module.pretrained_cfg.get("classifier") or ()
    names = (head,) if isinstance(head, str) else tuple(head)
    package = f"timm {version('timm')}"
    return Network(f"timm/{model}", package, module, preprocess, module, names)


def _open_clip(model: str, is_published: bool) -> Network:
    open_clip = optional_package("open_clip", "open_clip")
    name, _, tag = model.partition("/")
    if name not in open_clip.list_models():
        raise _unknown("open_clip", name, open_clip.list_models())
    tags = open_clip.list_pretrained_tags_by_model(name)
    if is_published and tag not in tags:
        raise _unknown(f"open_clip/{name}", tag, tags)
    with _opening(f"open_clip/{model}"):
        module, _, preprocess = open_clip.create_model_and_transforms(
            name, pretrained=tag if is_published else None
        )
    package = f"open_clip_torch {version('open_clip_torch')}"
    return Network(f"open_clip/{model}", package, module.encode_image, preprocess, module)


@contextmanager
def _opening(name: str) -> Iterator[None]:
    """Raise any error of a package, such as a failed download, as a DataError."""
    try:
        yield
    except Exception as error:
        cause = cause_of(error).split("\n")[0]
        raise DataError(f"{name} cannot be opened: {cause}; {_REMEDY}") from error


def _unknown(package: str, model: str, known: Sequence[Any]) -> DataError:
    # packages with a thousand networks have a few dozen of one beginning
    alike = [name for name in map(str, known) if name[:_BEGINNING] == model[:_BEGINNING]]
    guess = closest(model, alike)
    there_are = f"there are {listed(alike or map(str, known))}"
    remedy = f"did you mean {guess!r}?" if guess else there_are
    return DataError(f"{package} has no network {model!r}; {remedy}")


_PACKAGES: Mapping[str, Callable[[str, bool], Network]] = MappingProxyType(
    {"torchvision": _torchvision, "timm": _timm, "open_clip": _open_clip}
)
_FORMS = "torchvision/NAME, timm/NAME or open_clip/NAME/PRETRAINED"
