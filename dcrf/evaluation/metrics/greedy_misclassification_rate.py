"""Misclassification rate of a greedy matching."""

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table
from dcrf.functional.contingency import greedy_matches


class GreedyMisclassificationRate(LabelMetric):
    """The share of samples whose cluster is not matched to their class, in [0, 1], greedily.

    It is at least the misclassification rate. Noise counts as wrong.

    Formula:
        1 - 1/n sum_i [m(c(i)) = y(i)], with the greedy matching m

    Source: MR_BV01 of github.com/kutoga/learning2cluster, the code of
        https://arxiv.org/abs/1807.04001. Choices between clusters with equal numbers may differ.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the share of samples that are not matched."""
        table = class_table(labels, clusters)
        matched = sum(table[label, cluster] for label, cluster in greedy_matches(table).items())
        return 1 - matched / len(labels)
