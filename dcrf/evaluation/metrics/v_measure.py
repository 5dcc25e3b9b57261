"""V-measure."""

from sklearn.metrics import v_measure_score

from dcrf.evaluation.metrics.base import LabelMetric, Labels


class VMeasure(LabelMetric):
    """The harmonic mean of homogeneity and completeness.

    It is NMI with the arithmetic mean of the entropies, under the name that other fields report.

    Formula:
        2 h c / (h + c), with homogeneity h and completeness c

    Source: Rosenberg and Hirschberg, https://aclanthology.org/D07-1043, V_beta with beta 1.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the V-measure, in [0, 1]."""
        return v_measure_score(labels, clusters)
