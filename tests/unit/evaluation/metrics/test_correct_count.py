"""Whether the number of clusters is right."""

import pytest

from dcrf.evaluation.metrics.correct_count import CorrectCount


@pytest.mark.parametrize(
    ("labels", "clusters", "value"),
    [
        ([0, 0, 1], [5, 5, 7], 1),
        ([0, 0, 1], [5, 7, 5], 1),
        ([0, 0, 1], [5, 5, 5], 0),
        ([0, 0, 0], [5, 5, 7], 0),
        ([0, 1, 1], [5, 7, -1], 1),
    ],
)
def test_clusters_with_samples_are_counted(labels, clusters, value):
    assert CorrectCount()(labels, clusters) == value
