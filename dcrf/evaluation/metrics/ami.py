"""Adjusted mutual information (AMI)."""

from sklearn.metrics import adjusted_mutual_info_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class Ami(LabelMetric):
    """The mutual information of labels and clusters beyond that of random clusters.

    (I - E[I]) / (mean of the entropies - E[I]), with the arithmetic mean. Unlike NMI, it does not
    grow with the number of clusters.

    Formula:
        (I(Y; C) - E[I]) / ((H(Y) + H(C)) / 2 - E[I])

    Source: Vinh et al., https://www.jmlr.org/papers/v11/vinh10a.html, there AMI_sum.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the adjusted information: 1 for equal partitions, 0 in the mean of random ones."""
        return adjusted_mutual_info_score(labels, clusters)
