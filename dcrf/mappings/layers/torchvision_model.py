"""Networks of torchvision without their classification head."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from torch import Tensor, nn
from torchvision import models

from dcrf.errors import DataError, cause_of
from dcrf.storage.tensor_files import read_tensors

_NETWORKS = MappingProxyType(
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


class TorchvisionModel(nn.Module):
    """Runs a ResNet of torchvision whose classification head is the identity.

    The parameters are random, read from a file, or those that torchvision publishes, which it
    keeps in torch's cache of downloads. On torch's device `meta` none is downloaded.

    Shapes:
        images (n, 3, h, w) -> (n, 512) for resnet18 and resnet34, (n, 2048) for the others

    Args:
        model: the network.
        weights: `published` downloads the newest weights for ImageNet.
        weights_file: a safetensors or torch file with the tensors of the network under the names
            that torchvision has for them. Those of the head may be missing.

    Raises:
        ValueError: an unknown network, two sources of weights, or a failed download.
        DataError: the file cannot be read, or does not fit the network.

    Source: He, Zhang, Ren & Sun, CVPR 2016, https://arxiv.org/abs/1512.03385
    """

    def __init__(
        self,
        *,
        model: Literal[
            "resnet18",
            "resnet34",
            "resnet50",
            "resnet101",
            "resnet152",
            "resnext50_32x4d",
            "wide_resnet50_2",
        ],
        weights: Literal["published"] | None = None,
        weights_file: str | None = None,
    ) -> None:
        super().__init__()
        if model not in _NETWORKS or weights not in (None, "published"):
            raise ValueError(f"model {model!r} or weights {weights!r} is unknown")
        if weights and weights_file:
            raise ValueError("weights and weights_file exclude each other")
        build, published = _NETWORKS[model]
        self.network = build()
        self.network.fc = nn.Identity()
        if weights_file is not None:
            self._fill(read_tensors(Path(weights_file)), weights_file)
        elif weights is not None and not self._is_on_meta:
            self._fill(_downloaded(published.DEFAULT), published.DEFAULT.url)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (n, width) of images (n, 3, h, w)."""
        return self.network(images)

    @property
    def _is_on_meta(self) -> bool:
        return next(self.network.parameters()).is_meta

    def _fill(self, tensors: Mapping[str, Tensor], source: str) -> None:
        """Load the parameters; on the device `meta` only compare their shapes."""
        own = {name: tensor.shape for name, tensor in self.network.state_dict().items()}
        others = {n: t for n, t in tensors.items() if not n.startswith("fc.")}
        differing = [
            name
            for name in sorted(own.keys() | others.keys())
            if name not in own or name not in others or others[name].shape != own[name]
        ]
        if differing:
            shown = ", ".join(differing[:3])
            message = f"{len(differing)} tensors are missing, unknown or of another shape: {shown}"
            raise DataError(f"the parameters in {source} do not fit the network: {message}")
        if not self._is_on_meta:
            self.network.load_state_dict(others)


def _downloaded(weights: models.WeightsEnum) -> Mapping[str, Tensor]:
    try:
        tensors: Mapping[str, Tensor] = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:  # no network, or a wrong checksum
        remedy = "fetch it on a machine with a network and name the file in weights_file"
        raise ValueError(f"cannot download {weights.url}: {cause_of(error)}; {remedy}") from error
    return tensors
