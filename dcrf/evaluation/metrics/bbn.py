"""The BBN metric of speaker clustering."""

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table
from dcrf.functional.contingency import bbn


class Bbn(LabelMetric):
    """The sum over clusters i and classes j of n_ij^2 / n_i, at most the number of samples.

    n_ij is the number of samples of class j in cluster i, n_i that of all its samples. A cluster
    costs nothing (Q = 0). Noise adds nothing.

    Formula:
        sum_c sum_y n_cy^2 / n_c

    Source: Kotti, Moschou and Kotropoulos, Signal Processing 2008,
        https://doi.org/10.1016/j.sigpro.2007.11.017.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the sum."""
        return bbn(class_table(labels, clusters))
