"""Networks of torchvision without their classification head."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from dcrf.mappings.torchvision_networks import HEAD, NETWORKS, fill, headless, published_tensors
from dcrf.storage.tensor_files import read_tensors


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
        if model not in NETWORKS or weights not in (None, "published"):
            raise ValueError(f"model {model!r} or weights {weights!r} is unknown")
        if weights and weights_file:
            raise ValueError("weights and weights_file exclude each other")
        self.network = headless(model)
        if weights_file is not None:
            fill(self.network, read_tensors(Path(weights_file)), weights_file, HEAD)
        elif weights is not None and not self._is_on_meta:
            fill(self.network, *_published(model), HEAD)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (n, width) of images (n, 3, h, w)."""
        return self.network(images)

    @property
    def _is_on_meta(self) -> bool:
        return next(self.network.parameters()).is_meta


def _published(model: str) -> tuple[Mapping[str, Tensor], str]:
    try:
        return published_tensors(model)
    except ValueError as error:
        remedy = "fetch it on a machine with a network and name the file in weights_file"
        raise ValueError(f"{error}; {remedy}") from error
