"""Balanced accuracy after an optimal matching."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table


class BalancedAccuracy(LabelMetric):
    """The mean over classes of the share of a class that is in its matched cluster, in [0, 1].

    Small classes count as much as large ones. Clusters and classes are matched one to one such that
    the mean is largest, which may be another matching than that of ACC. Noise and samples of
    unmatched clusters count as wrong.

    Formula:
        max over matchings m of the mean over classes y of n_m(y),y / n_y

    Source: Brodersen et al., https://doi.org/10.1109/ICPR.2010.764, after a matching.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the mean share."""
        sizes = np.unique(labels, return_counts=True)[1]
        recalls = class_table(labels, clusters) / sizes[:, None]
        rows, columns = linear_sum_assignment(recalls, maximize=True)
        return recalls[rows, columns].sum() / len(sizes)
