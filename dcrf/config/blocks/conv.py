"""A stack of convolutions of images."""

from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from dcrf.config.blocks.base import LayerEntry, activation_layer, per_layer, positive_integers
from dcrf.errors import OptionError

_POOLS = MappingProxyType({"max": "MaxPool2d", "average": "AvgPool2d"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Conv:
    """Convolutions of images, each with batch norm, an activation and a pool if asked for.

    Layers of a block with the name `image` are called `image.conv_1`, `image.batch_norm_1`,
    `image.activation_1`, `image.pool_1`, `image.conv_2` and so on, `image.last_activation` and
    `image.flatten`. A list has one value for each convolution.

    Args:
        channels: number of channels of the input, and of the output of each convolution.
        kernel_size: along both axes.
        stride: of the convolutions.
        padding: zeros on each side, or `same`.
        activation: after each convolution but the last. A layer such as `ReLU`, or an entry with
            arguments.
        last_activation: after the last convolution; none by default.
        batch_norm: whether BatchNorm2d follows every convolution, which then has no bias, also the
            last one, before its activation.
        pool: `max`, `average` or none, after the activation.
        pool_size: size and stride of the windows of pools.
        flatten: whether the output has one axis.
    """

    channels: list[int]
    kernel_size: int | list[int]
    stride: int | list[int] = 1
    padding: int | str | list[int | str] = 0
    activation: str | dict = "ReLU"
    last_activation: str | dict | None = None
    batch_norm: bool = False
    pool: str | list[str | None] | None = None
    pool_size: int = 2
    flatten: bool = False

    def layers(self) -> list[LayerEntry]:
        """Return the entries of the layers, in the order in which they run.

        Raises:
            OptionError: an argument is invalid.
        """
        channels = positive_integers("channels", self.channels, least=2)
        n_layers = len(channels) - 1
        along = zip(
            pairwise(channels),
            per_layer("kernel_size", self.kernel_size, n_layers),
            per_layer("stride", self.stride, n_layers),
            per_layer("padding", self.padding, n_layers),
            per_layer("pool", self.pool, n_layers),
            strict=True,
        )
        layers: list[LayerEntry] = []
        for number, ((n_in, n_out), kernel, stride, padding, pool) in enumerate(along, start=1):
            windows = {"kernel_size": kernel, "stride": stride, "padding": padding}
            convolution = {"in_channels": n_in, "out_channels": n_out, **windows}
            bias = {"bias": False} if self.batch_norm else {}
            layers.append({"type": "Conv2d", "name": f"conv_{number}", **convolution, **bias})
            if self.batch_norm:
                name = f"batch_norm_{number}"
                layers.append({"type": "BatchNorm2d", "name": name, "num_features": n_out})
            layers += self._activation(number, is_last=number == n_layers)
            if pool is not None:
                layers.append(self._pool(pool, number))
        return [*layers, {"type": "Flatten", "name": "flatten"}] if self.flatten else layers

    def _activation(self, number: int, *, is_last: bool) -> list[LayerEntry]:
        if not is_last:
            return [activation_layer("activation", self.activation, f"activation_{number}")]
        if self.last_activation is None:
            return []
        return [activation_layer("last_activation", self.last_activation, "last_activation")]

    def _pool(self, kind: object, number: int) -> LayerEntry:
        if not isinstance(kind, str) or kind not in _POOLS:
            raise OptionError("pool", f"expected 'max', 'average' or null, got {kind!r}")
        return {"type": _POOLS[kind], "name": f"pool_{number}", "kernel_size": self.pool_size}
