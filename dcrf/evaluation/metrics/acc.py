"""Clustering accuracy (ACC)."""

from scipy.optimize import linear_sum_assignment

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table


class Acc(LabelMetric):
    """The share of samples whose cluster is matched to their class, in [0, 1].

    Clusters and classes are matched one to one by the Hungarian method on the rectangular
    contingency table, which maximizes the share. Noise and samples of unmatched clusters count as
    wrong.

    Source: https://arxiv.org/abs/1511.06335, eq. 10.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the share of matched samples."""
        table = class_table(labels, clusters)
        rows, columns = linear_sum_assignment(table, maximize=True)
        return table[rows, columns].sum() / len(labels)
