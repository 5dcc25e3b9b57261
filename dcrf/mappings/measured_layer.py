"""The contract of layers with weights that are measured instead of trained."""

from torch import Tensor, nn


class MeasuredLayer(nn.Module):
    """A layer whose weights a design pattern measures on a batch."""

    def fit(self, values: Tensor) -> None:
        """Measure the weights on a batch (n, d) of inputs of this layer."""
        raise NotImplementedError
