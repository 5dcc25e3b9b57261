"""The networks of torchvision that methods and embeddings use, and their published parameters."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from torch import Tensor, nn
from torchvision import models

from dcrf.errors import DataError, cause_of

NETWORKS = MappingProxyType(
    {
        "resnet18": (models.resnet18, models.ResNet18_Weights),
        "resnet34": (models.resnet34, models.ResNet34_Weights),
        "resnet50": (models.resnet50, models.ResNet50_Weights),
        "resnet101": (models.resnet101, models.ResNet101_Weights),
        "resnet152": (models.resnet152, models.ResNet152_Weights),
        "resnext50_32x4d": (models.resnext50_32x4d, models.ResNeXt50_32X4D_Weights),
        "wide_resnet50_2": (models.wide_resnet50_2, models.Wide_ResNet50_2_Weights),
    }
)
"""Name -> function that builds the network, and its published weights."""
HEAD = ("fc",)
"""The modules of their heads."""


def headless(name: str) -> nn.Module:
    """Return a network of `NETWORKS` with random parameters and the identity as its head."""
    build, _ = NETWORKS[name]
    network: nn.Module = build()
    network.fc = nn.Identity()
    return network


def fill(
    network: nn.Module, tensors: Mapping[str, Tensor], source: str, head: Sequence[str] = ()
) -> None:
    """Load parameters by name; on the device `meta` compare their shapes only.

    Args:
        network: takes the parameters.
        tensors: name -> tensor, for all parameters and buffers.
        source: of the tensors, for errors.
        head: modules that the network lacks, whose tensors are left out.

    Raises:
        DataError: tensors are missing, unknown or of another shape.
    """
    prefixes = tuple(f"{module}." for module in head)
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    others = {n: t for n, t in tensors.items() if not str(n).startswith(prefixes)}
    differing = [
        str(name)
        for name in sorted(own.keys() | others.keys(), key=str)
        if name not in own or name not in others or _shape(others[name]) != own[name]
    ]
    if differing:
        shown = ", ".join(differing[:3])
        message = f"{len(differing)} tensors are missing, unknown or of another shape: {shown}"
        raise DataError(f"the parameters in {source} do not fit the network: {message}")
    if not next(network.parameters()).is_meta:
        network.load_state_dict(others)


def _shape(value: object) -> object:
    return value.shape if isinstance(value, Tensor) else None


def published_tensors(name: str) -> tuple[Mapping[str, Tensor], str]:
    """Return the newest published parameters of a network, and their address.

    torchvision keeps them in torch's cache of downloads.

    Raises:
        ValueError: the download fails.
    """
    _, published = NETWORKS[name]
    weights = published.DEFAULT
    try:
        tensors: Mapping[str, Tensor] = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:  # no network, or a wrong checksum
        raise ValueError(f"cannot download {weights.url}: {cause_of(error)}") from error
    return tensors, weights.url
