"""Homogeneity."""

from sklearn.metrics import homogeneity_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class Homogeneity(LabelMetric):
    """1 - H(classes | clusters) / H(classes): 1 if every cluster is of one class.

    It grows with the number of clusters.

    Formula:
        1 - H(Y | C) / H(Y)

    Source: Rosenberg and Hirschberg, https://aclanthology.org/D07-1043, eq. 1.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the homogeneity, in [0, 1]."""
        return homogeneity_score(labels, clusters)
