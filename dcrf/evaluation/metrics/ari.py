"""Adjusted Rand index (ARI)."""

from sklearn.metrics import adjusted_rand_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class Ari(LabelMetric):
    """The pairs that labels and clusters treat alike, adjusted for chance.

    Formula:
        (S - E[S]) / (M - E[S]), with S = sum_cy (n_cy choose 2)
        M is the mean, and E[S] the product divided by (n choose 2), of sum_c (n_c choose 2) and
            sum_y (n_y choose 2)

    Source: Hubert and Arabie, https://doi.org/10.1007/BF01908075, eq. 5.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the adjusted index: 1 for equal partitions, 0 in the mean of random ones."""
        return adjusted_rand_score(labels, clusters)
