"""Pulling the states of objects toward the mean of their cluster."""

from torch import Tensor

from dcrf.batch import Batch, problems_in
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.set_partitions import group_center_loss
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.object_vectors import object_vectors


class GroupCenter(DesignPattern):
    """The states of the objects of a known cluster lie close to their mean.

    Formula:
        L = mean over objects of 1/d |h_i - m_c(i)|^2, with the mean m_c of cluster c

    Losses:
        center: the mean squared difference between states and the mean of their cluster, >= 0.
            Gradient flows into the encoder, through states and means.

    Shapes:
        samples (b, n, *object_shape) -> states (b, n, d)

    Args:
        encoder: maps sets to a state for each object.

    Raises:
        OutputShapeError: the encoder does not return a vector for each object.

    Source: Meier, Elezi, Amirian, Duerr & Stadelmann, the simplified center loss in the code of
        https://arxiv.org/abs/1807.04001.
    """

    loss_names = ("center",)

    def __init__(self, *, encoder: TrainableMapping) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of the states."""
        states = object_vectors(self.encoder, batch.samples)
        return {"center": group_center_loss(states, problems_in(batch).partition)}
