"""Purity."""

from dcrf.evaluation.metrics.base import LabelMetric, Labels, class_table


class Purity(LabelMetric):
    """The share of samples that belong to the largest class of their cluster, in [0, 1].

    Several clusters may have the same class, so purity grows with the number of clusters and is 1
    if every sample is a cluster. Noise counts as wrong.

    Formula:
        1/n sum_c max_y n_cy

    Source: Manning, Raghavan and Schuetze, Introduction to Information Retrieval, eq. 16.1,
    https://nlp.stanford.edu/IR-book/html/htmledition/evaluation-of-clustering-1.html.
    """

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the share of samples in the largest class of their cluster."""
        return class_table(labels, clusters).max(axis=0, initial=0).sum() / len(labels)
