"""Training embeddings of objects by the divergence of pairs."""

from torch import Tensor

from dcrf.batch import Batch, problems_in
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.set_partitions import embedding_divergence
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.object_vectors import object_vectors


class EmbeddingDivergence(DesignPattern):
    """Embeddings, as distributions, agree within a known cluster and differ between clusters.

    Formula:
        L = mean over sets and pairs of KL(p_i || p_j) + KL(p_j || p_i) in a cluster, else
            max(0, margin - KL(p_i || p_j)) + max(0, margin - KL(p_j || p_i))

    Losses:
        divergence: the mean over pairs of the Kullback-Leibler divergence in both directions within
            a cluster, and of the amount by which it falls short of `margin` between clusters, in
            nats, >= 0. Gradient flows into the encoder.

    Shapes:
        samples (b, n, *object_shape) -> logits of embeddings (b, n, d)

    Args:
        encoder: maps sets to the logits of an embedding for each object.
        margin: in nats.

    Raises:
        OutputShapeError: the encoder does not return a vector for each object.

    Source: Lukic, Vogt, Duerr & Stadelmann, MLSP 2017, https://doi.org/10.1109/MLSP.2017.8168166,
        as a loss of https://arxiv.org/abs/1807.04001.
    """

    loss_names = ("divergence",)

    def __init__(self, *, encoder: TrainableMapping, margin: float) -> None:
        super().__init__()
        self.encoder, self.margin = encoder, margin

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of the embeddings."""
        log_embeddings = object_vectors(self.encoder, batch.samples).log_softmax(dim=2)
        partition = problems_in(batch).partition
        return {"divergence": embedding_divergence(log_embeddings, partition, self.margin)}
