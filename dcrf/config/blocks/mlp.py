"""A multilayer perceptron."""

from dataclasses import dataclass
from itertools import pairwise

from dcrf.config.blocks.base import LayerEntry, activation_layer, positive_integers


@dataclass(frozen=True, kw_only=True, slots=True)
class Mlp:
    """Linear layers with an activation between them.

    Layers of a block with the name `hidden` are called `hidden.linear_1`, `hidden.batch_norm_1`,
    `hidden.activation_1`, `hidden.linear_2` and so on, and the last one `hidden.last_activation`.

    Args:
        sizes: number of features of the input, and of the output of each linear layer.
        activation: after each linear layer but the last. A layer such as `ReLU`, or an entry with
            arguments.
        last_activation: after the last linear layer; none by default.
        batch_norm: whether BatchNorm1d stands between a linear layer, which then has no bias, and
            its activation. None follows the last linear layer.
    """

    sizes: list[int]
    activation: str | dict = "ReLU"
    last_activation: str | dict | None = None
    batch_norm: bool = False

    def layers(self) -> list[LayerEntry]:
        """Return the entries of the layers, in the order in which they run.

        Raises:
            OptionError: an argument is invalid.
        """
        sizes = positive_integers("sizes", self.sizes, least=2)
        layers: list[LayerEntry] = []
        for number, (width_in, width_out) in enumerate(pairwise(sizes), start=1):
            is_last = number == len(sizes) - 1
            has_norm = self.batch_norm and not is_last
            bias = {"bias": False} if has_norm else {}
            sizes_of_layer = {"in_features": width_in, "out_features": width_out}
            layers.append({"type": "Linear", "name": f"linear_{number}", **sizes_of_layer, **bias})
            if has_norm:
                name = f"batch_norm_{number}"
                layers.append({"type": "BatchNorm1d", "name": name, "num_features": width_out})
            if not is_last:
                layers.append(
                    activation_layer("activation", self.activation, f"activation_{number}")
                )
        if self.last_activation is not None:
            layers.append(
                activation_layer("last_activation", self.last_activation, "last_activation")
            )
        return layers
