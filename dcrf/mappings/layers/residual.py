"""Layers with a skip connection around them."""

from collections.abc import Sequence

from torch import Tensor, nn


class Residual(nn.Module):
    """Adds its input, or a projection of it, to the output of a list of layers.

    Shapes:
        (n, *shape) -> (n, *output_shape), the shape of the output of `layers`

    Args:
        layers: run in sequence.
        projection: maps the input to the shape of the layers' output if it is another one. By
            default the input is added as it is.

    Raises:
        ValueError: no layers, or the shapes of the two summands differ.

    Source: He, Zhang, Ren & Sun, CVPR 2016, equations 1 and 2, https://arxiv.org/abs/1512.03385
    """

    def __init__(self, *, layers: Sequence[nn.Module], projection: nn.Module | None = None) -> None:
        super().__init__()
        if isinstance(layers, nn.Module) or not layers:
            raise ValueError("layers: expected a list of at least one layer")
        self.layers = nn.Sequential(*layers)
        self.projection = projection

    def forward(self, values: Tensor) -> Tensor:
        """Return values + layers(values), or projection(values) + layers(values)."""
        skipped = values if self.projection is None else self.projection(values)
        outputs = self.layers(values)
        if skipped.shape != outputs.shape:
            source = "its input" if self.projection is None else "its projection"
            shapes = f"{source} has shape {tuple(skipped.shape)}, the output of its layers "
            raise ValueError(f"{shapes}{tuple(outputs.shape)}; write a projection between them")
        return skipped + outputs
