"""Preventing cluster degeneracy by maximizing the spread of cluster centers."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.spread import mean_deviation


class CentroidVariance(DesignPattern):
    """The standard deviation of centroids or of a mixture's means, which falls without bound.

    Formula:
        L = -1/d sum_l s_l, with the standard deviation s_l of mu_1l, ..., mu_kl

    Losses:
        negative_deviation: minus the mean over dimensions of the population standard deviation
            over clusters, <= 0, in units of the features. Gradient flows into the centers; it is 0
            in a dimension in which all centers are equal.

    Shapes:
        cluster centers (k, d).

    Args:
        assignment: the cluster assignment strategy, with centers.

    Source: `var_locs` of https://github.com/aciobanusebi/deep-clustering.
    """

    loss_names = ("negative_deviation",)

    def __init__(self, *, assignment: Assignment) -> None:
        super().__init__()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the negative deviation of the centers."""
        centers = self.assignment.cluster_centers()
        if centers is None:
            raise RuntimeError("the assignment has no centers: the schema requires some")
        return {"negative_deviation": -mean_deviation(centers)}
