"""Learning an embedding that keeps the similarities of codes, for clustering (Dahal 2018)."""

from torch import Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.similarities import similarity_cross_entropy
from dcrf.mappings.mapping import TrainableMapping


class SimilarityDistillation(DesignPattern):
    """Cross-entropy between the pairwise similarities of codes and those of embeddings.

    Similarities are Student's t kernels, normalized for each sample over the other samples of the
    batch. Many degrees of freedom for the codes and few for the embeddings, as in parametric t-SNE,
    move clusters apart.

    Formula:
        L = -1/n sum_i sum_(j != i) p_ij log q_ij, with p of codes and q of embeddings
        p_ij is proportional to (1 + |z_i - z_j|^2 / a)^(-(a + 1) / 2), with sum_j p_ij = 1

    Losses:
        cross_entropy: nats per sample, >= 0. Gradient flows into the mapping of embeddings and,
            through both similarities, into the encoder, which also makes the similarities of codes
            less uncertain; the optimizers decide which of them are trained.

    Shapes:
        samples (n, *sample_shape) -> codes and embeddings (n, ...) each, flattened. A loss of one
        or two samples is 0.

    Args:
        encoder: maps samples to codes.
        embedding_mapping: maps samples to embeddings; its prior mapping is usually the encoder.
        degrees_of_freedom: of the similarities of codes, > 0. The paper uses 2 d.
        embedding_degrees_of_freedom: of the similarities of embeddings, > 0.

    Source: Dahal, Learning Embedding Space for Clustering From Deep Representations, IEEE Big Data
        2018, https://doi.org/10.1109/BigData.2018.8622629, normalized by row as in the author's
        code.
    """

    loss_names = ("cross_entropy",)

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        embedding_mapping: TrainableMapping,
        degrees_of_freedom: float,
        embedding_degrees_of_freedom: float,
    ) -> None:
        super().__init__()
        self.encoder, self.embedding_mapping = encoder, embedding_mapping
        self.degrees_of_freedom = degrees_of_freedom
        self.embedding_degrees_of_freedom = embedding_degrees_of_freedom

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy between the similarities of both spaces."""
        codes = self.encoder(batch.samples).flatten(1)
        embeddings = self.embedding_mapping(batch.samples).flatten(1)
        loss = similarity_cross_entropy(
            codes, embeddings, self.degrees_of_freedom, self.embedding_degrees_of_freedom
        )
        return {"cross_entropy": loss}
