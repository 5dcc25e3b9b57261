"""Misclassification rate."""

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table
from dcrf.functional.contingency import most_matched


class MisclassificationRate(LabelMetric):
    """The share of samples whose cluster is not matched to their class, in [0, 1]: 1 - ACC.

    Clusters and classes are matched one to one with the least such share.

    Formula:
        1 - max over matchings m of 1/n sum_i [m(c(i)) = y(i)]

    Source: Kotti, Moschou and Kotropoulos, Signal Processing 2008,
        https://doi.org/10.1016/j.sigpro.2007.11.017.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the share of samples that are not matched."""
        return 1 - most_matched(class_table(labels, clusters)) / len(labels)
