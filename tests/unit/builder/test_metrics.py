"""From the names of metrics to metrics."""

import pytest

from dcrf.builder.metrics import build_metrics, requested_metrics
from dcrf.config import load_checked
from dcrf.evaluation.metrics.davies_bouldin import DaviesBouldin
from tests.cases.methods import method


@pytest.fixture
def requested():
    def names(criteria=None, **keys):
        content = method(**keys)
        content["phases"][1]["exit_criteria"] |= criteria or {}
        return requested_metrics(load_checked(content))

    return names


def test_the_default_metrics_are_in_the_order_of_records():
    metrics = build_metrics()

    assert list(metrics.of_labels) == ["acc", "nmi", "ari"]
    assert list(metrics.of_features(has_labels=False)) == ["silhouette", "davies_bouldin"]
    assert not metrics.of_features(has_labels=True)


def test_requested_metrics_are_built():
    metrics = build_metrics(["davies_bouldin"])

    assert isinstance(metrics.requested["davies_bouldin"], DaviesBouldin)


def test_a_method_requests_what_it_lists_and_what_ends_its_phases(requested):
    criteria = {"performance_evaluation_silhouette_gt": 0.9, "performance_evaluation_acc_gt": 0.9}

    assert requested() == []
    assert requested(criteria) == ["silhouette"]
    assert requested(metrics=["davies_bouldin"]) == ["davies_bouldin"]
    assert requested(criteria, metrics=["davies_bouldin", "silhouette"]) == [
        "davies_bouldin",
        "silhouette",
    ]
