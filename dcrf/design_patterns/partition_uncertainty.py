"""Encouraging confident partitions by minimizing the partition uncertainty index (PICA)."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.partition_uncertainty import partition_uncertainty


class PartitionUncertainty(DesignPattern):
    """Each cluster resembles itself in the other view, and no other cluster.

    Clusters are compared by the cosines of their columns in the assignments of a batch. They are
    orthogonal only if every sample is assigned with certainty. The second term of PICA is
    `assignment_entropy`, with a loss weight of 2.

    Formula:
        L = -1/k sum_j log [exp(M_jj) / sum_l exp(M_jl)]
        M_jl is the cosine of column j of q in one view and column l in the other

    Losses:
        uncertainty: nats per cluster, at least log(1 + (k - 1) / e). Gradient flows into the
            assignment: feature extractor, centroids, classifier.

    Shapes:
        views `first` and `second`, (n, *sample_shape) each -> log-assignments (n, k) each.

    Args:
        assignment: maps samples to (n, k) log soft assignments. PICA uses a classifier with a
            softmax.

    Source: Huang, Gong, Zhu, CVPR 2020, section 3,
        https://openaccess.thecvf.com/content_CVPR_2020/html/Huang_Deep_Semantic_Clustering_by_Partition_Confidence_Maximisation_CVPR_2020_paper.html.
        The authors' code has the original samples as the first view.
    """

    loss_names = ("uncertainty",)

    def __init__(self, *, assignment: Assignment) -> None:
        super().__init__()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the partition uncertainty of the two views."""
        first, second = (self.assignment(batch.views[role]) for role in ("first", "second"))
        return {"uncertainty": partition_uncertainty(first, second)}
