"""Normalized mutual information (NMI)."""

from sklearn.metrics import normalized_mutual_info_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class Nmi(LabelMetric):
    """The mutual information of labels and clusters, divided by the mean of their entropies.

    The mean is the arithmetic one, as the field reports it; Strehl and Ghosh (2002) take the
    geometric one.

    Formula:
        2 I(Y; C) / (H(Y) + H(C))

    Source: Vinh et al., https://www.jmlr.org/papers/v11/vinh10a.html, there NMI_sum.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the normalized mutual information, in [0, 1]."""
        return normalized_mutual_info_score(labels, clusters)
