"""Preventing cluster degeneracy by maximizing the spread of features."""

from torch import Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.spread import mean_deviation
from dcrf.mappings.features import Features


class FeatureVariance(DesignPattern):
    """The standard deviation of the features over the batch, as a loss that falls without bound.

    Formula:
        L = -1/d sum_l s_l, with the standard deviation s_l of z_1l, ..., z_nl

    Losses:
        negative_deviation: minus the mean over dimensions of the population standard deviation
            over the batch, <= 0, in units of the features. Gradient flows into the mapping of the
            features; it is 0 in a dimension in which all features of the batch are equal.

    Shapes:
        samples (n, *sample_shape) -> features (n, d).

    Args:
        features: maps samples to the features of the cluster assignment strategy.

    Source: loss V (`var_features`) of https://github.com/aciobanusebi/deep-clustering.
    """

    loss_names = ("negative_deviation",)

    def __init__(self, *, features: Features) -> None:
        super().__init__()
        self.features = features

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the negative deviation of the batch."""
        return {"negative_deviation": -mean_deviation(self.features(batch.samples))}
