"""Whether the number of clusters is right."""

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table


class CorrectCount(LabelMetric):
    """1 if there are as many clusters with samples as classes, else 0.

    Its mean over clustering problems is the share of problems with the right number of clusters.
    Noise is no cluster.

    Formula:
        [number of clusters = number of classes]

    Source: Meier et al., https://arxiv.org/abs/1807.04001.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return 1 or 0."""
        n_classes, n_clusters = class_table(labels, clusters).shape
        return float(n_classes == n_clusters)
