"""The BBN metric of speaker clustering as a share."""

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table
from dcrf.functional.contingency import bbn


class NormalizedBbn(LabelMetric):
    """BBN divided by the number of samples, in [0, 1]; 1 if every cluster has a single class.

    It is 1, too, if every sample is a cluster.

    Formula:
        1/n sum_c sum_y n_cy^2 / n_c

    Source: Meier et al., https://arxiv.org/abs/1807.04001.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the share."""
        return bbn(class_table(labels, clusters)) / len(labels)
