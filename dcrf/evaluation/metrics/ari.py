"""Adjusted Rand index (ARI)."""

from sklearn.metrics import adjusted_rand_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class Ari(LabelMetric):
    """The pairs that labels and clusters treat alike, adjusted for chance.

    Source: Hubert and Arabie, https://doi.org/10.1007/BF01908075, eq. 5.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the adjusted index: 1 for equal partitions, 0 in the mean of random ones."""
        return adjusted_rand_score(labels, clusters)
