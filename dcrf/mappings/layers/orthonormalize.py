"""Orthonormalization of outputs by weights that a batch determines."""

import torch
from torch import Tensor

from dcrf.functional.spectral import orthonormalizing_weight
from dcrf.mappings.measured_layer import MeasuredLayer


class Orthonormalize(MeasuredLayer):
    """Multiplies rows by a matrix with which the columns of a batch are orthonormal.

    The matrix is the identity until `fit` measures it on a batch, such as the design pattern
    `spectral_embedding` does before each iteration. Then the columns of that batch have the squared
    length n and are orthogonal; those of other batches are nearly so. No optimizer trains it.

    Shapes:
        (n, num_features) -> (n, num_features)

    Args:
        num_features: the width of a row.

    Source: Shaham et al., ICLR 2018, section 3.1, https://arxiv.org/abs/1801.01587
    """

    weight: Tensor

    def __init__(self, *, num_features: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.eye(num_features))

    def forward(self, values: Tensor) -> Tensor:
        """Return rows (n, num_features) times the matrix."""
        return values @ self.weight

    def fit(self, values: Tensor) -> None:
        """Measure the matrix on a batch (n, num_features) of inputs of this layer."""
        self.weight.copy_(orthonormalizing_weight(values.detach()))

    def extra_repr(self) -> str:
        """Return the number of features."""
        return f"num_features={len(self.weight)}"
