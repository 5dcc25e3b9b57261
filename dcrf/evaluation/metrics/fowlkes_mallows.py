"""Fowlkes-Mallows index."""

from sklearn.metrics import fowlkes_mallows_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class FowlkesMallows(LabelMetric):
    """The geometric mean of precision and recall of pairs that are together.

    TP / sqrt((TP + FP) (TP + FN)), where TP counts the pairs of samples of one class and one
    cluster. It is 0 if no pair is together in both.

    Formula:
        TP / sqrt((TP + FP) (TP + FN))

    Source: Fowlkes and Mallows, https://doi.org/10.1080/01621459.1983.10478008.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the index, in [0, 1]."""
        return fowlkes_mallows_score(labels, clusters)
