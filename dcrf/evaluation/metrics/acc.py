"""Clustering accuracy (ACC)."""

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table
from dcrf.functional.contingency import most_matched


class Acc(LabelMetric):
    """The share of samples whose cluster is matched to their class, in [0, 1].

    Clusters and classes are matched one to one by the Hungarian method on the rectangular
    contingency table, which maximizes the share. Noise and samples of unmatched clusters count as
    wrong.

    Formula:
        max over matchings m of 1/n sum_i [m(c(i)) = y(i)]

    Source: https://arxiv.org/abs/1511.06335, eq. 10.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the share of matched samples."""
        return most_matched(class_table(labels, clusters)) / len(labels)
