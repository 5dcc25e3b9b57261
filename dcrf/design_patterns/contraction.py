"""Training a feature extractor to contract neighborhoods of samples (contractive autoencoder)."""

import contextlib
import math

import torch
from torch import Generator, Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.contraction import squared_jacobian_norm
from dcrf.mappings.batch_statistics import running_statistics_kept
from dcrf.mappings.mapping import TrainableMapping


class Contraction(DesignPattern):
    """Squared Frobenius norm of the Jacobian of the encoder at the samples.

    It is exact by one backward pass for each of the d features, or estimated without bias by one
    for each random projection of the features. A `compile` of the method does not reach these
    passes, since torch.compile has no second derivatives.

    Formula:
        L = 1/n sum_i |J_i|_F^2, with J_i = d encoder(x_i) / d x_i

    Losses:
        jacobian_norm: averaged over samples, >= 0, in squared units of the features per unit of the
            samples. Gradient flows into the encoder. It is 0 for constant features, so another
            loss, such as reconstruction, must keep them apart.

    Shapes:
        samples (n, *sample_shape) -> features (n, ...), flattened to (n, d). With BatchNorm in
        training mode features depend on the whole batch, and so do the derivatives.

    Args:
        encoder: maps samples to features.
        num_projections: number of random directions of the estimate; None for the exact norm.
        generator: draws the projections.

    Source: Rifai et al., Contractive Auto-Encoders, ICML 2011, section 2.
    """

    loss_names = ("jacobian_norm",)

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        generator: Generator,
        num_projections: int | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.num_projections = encoder, num_projections
        self.generator = generator

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the squared norm of the Jacobian."""
        inputs = batch.samples.detach().requires_grad_()
        with running_statistics_kept(self.encoder), _without_compiler(self.encoder):
            features = self.encoder(inputs).flatten(1)
        directions = self._directions(features, batch.indices)
        return {"jacobian_norm": squared_jacobian_norm(features, inputs, directions)}

    def _directions(self, features: Tensor, indices: Tensor) -> Tensor:
        n, d = features.shape
        if self.num_projections is None:
            return torch.eye(d, dtype=features.dtype, device=features.device).unsqueeze(1)
        shape = self.num_projections, n, d
        draws = torch.randn(shape, generator=self.generator).to(features)
        # in the order of the indices, so that a draw does not depend on the place in the batch
        order = indices.to(draws.device).argsort().argsort()
        return draws[:, order] / math.sqrt(self.num_projections)


def _without_compiler(mapping: TrainableMapping) -> contextlib.AbstractContextManager[object]:
    """Run a mapping without torch.compile; setting the stance imports the compiler."""
    return (
        torch.compiler.set_stance("force_eager") if mapping.compiled else contextlib.nullcontext()
    )
