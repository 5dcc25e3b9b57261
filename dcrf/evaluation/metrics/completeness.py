"""Completeness."""

from sklearn.metrics import completeness_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class Completeness(LabelMetric):
    """1 - H(clusters | classes) / H(clusters): 1 if every class is in one cluster.

    One cluster of all samples is complete.

    Formula:
        1 - H(C | Y) / H(C)

    Source: Rosenberg and Hirschberg, https://aclanthology.org/D07-1043, eq. 2.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the completeness, in [0, 1]."""
        return completeness_score(labels, clusters)
