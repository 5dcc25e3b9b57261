"""Learning invariance to transformations by contrasting the clusters of two views."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.contrast import statistics_vector_contrast
from dcrf.schedules.base import Schedule


class ClusterContrast(DesignPattern):
    """NT-Xent between clusters: each cluster is contrasted with itself in the other view.

    A cluster is represented by its assignment statistics vector, its column in the assignments of
    a view. The negatives are all other clusters in both views.

    Formula:
        L = -1/(2k) sum_a log [exp(s_aa' / tau) / sum_(b != a) exp(s_ab / tau)]
        a and b are the 2k columns of q in both views, a' is the column of a's cluster in the other
            view, s_ab is the cosine

    Losses:
        contrast: NT-Xent in nats per anchor, >= 0, over the 2k anchors of both views. Gradient
            flows into the assignment: feature extractor, centroids, classifier.

    Shapes:
        views `first` and `second`, (n, *sample_shape) each -> log-assignments (n, k) each.

    Args:
        assignment: maps samples to (n, k) log soft assignments. Contrastive Clustering uses a
            classifier with a softmax.
        temperature_parameter: schedule of tau, which divides the cosine similarities, > 0.

    Source: Li et al., AAAI 2021, the cluster-level loss without its entropy term,
        https://arxiv.org/abs/2009.09687.
    """

    loss_names = ("contrast",)

    def __init__(self, *, assignment: Assignment, temperature_parameter: Schedule) -> None:
        super().__init__()
        self.assignment = assignment
        self.temperature = temperature_parameter

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the contrast between the clusters of the two views."""
        first, second = (self.assignment(batch.views[role]) for role in ("first", "second"))
        return {
            "contrast": statistics_vector_contrast(first, second, self.temperature(batch.clock))
        }
