"""Evaluations of a whole data set."""

import numpy as np
import pytest
import torch

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, DatasetPass
from dcrf.errors import TrainingError
from dcrf.evaluation.collapse import FEATURE_SAMPLES
from dcrf.evaluation.evaluator import INTERNAL_SAMPLES, Evaluator, measured
from dcrf.evaluation.metric_set import MetricSet
from dcrf.evaluation.metrics.acc import Acc
from dcrf.evaluation.metrics.ari import Ari
from dcrf.evaluation.metrics.davies_bouldin import DaviesBouldin
from dcrf.evaluation.metrics.silhouette import Silhouette

SAMPLES = torch.eye(3).repeat(8, 1)
LABELS = np.array([0, 1, 2] * 8)
OF_FEATURES = {"silhouette": Silhouette(), "davies_bouldin": DaviesBouldin()}
METRICS = MetricSet({"acc": Acc(), "ari": Ari(), **OF_FEATURES})


class LogitAssignment(Assignment):
    """Assigns by a matrix of logits."""

    def __init__(self, logits, candidates=None):
        super().__init__()
        self.logits, self._candidates, self.seen = torch.as_tensor(logits), candidates or {}, {}

    def assign(self, samples):
        return (samples @ self.logits).log_softmax(1)

    def candidates(self):
        return self._candidates

    def record_scores(self, scores):
        self.seen = scores


def run(function, indices):
    return torch.cat([function(Batch(part, SAMPLES[part])) for part in indices.split(5)])


data_pass = DatasetPass(len(SAMPLES), run)


def evaluate(assignment, labels, metrics=METRICS):
    return Evaluator(assignment, lambda: labels, metrics).evaluate(data_pass)


def test_scores_sizes_and_number_of_samples():
    evaluation = evaluate(LogitAssignment(torch.eye(3, 4)), LABELS)

    assert evaluation.record() == {
        "acc": 1,
        "ari": 1,
        "n_samples": 24,
        "cluster_sizes": (8, 8, 8, 0),
        "reassignment_ratio": None,
        "internal": {},
        "collapse": {},
    }


def test_the_reassignment_ratio_compares_with_the_previous_evaluation():
    assignment = LogitAssignment(torch.eye(3))
    evaluator = Evaluator(assignment, lambda: LABELS, METRICS)
    evaluator.evaluate(data_pass)

    assert evaluator.evaluate(data_pass).reassignment_ratio == 0
    assignment.logits = torch.eye(3)[[0, 2, 1]]
    assert evaluator.evaluate(data_pass).reassignment_ratio == pytest.approx(2 / 3)
    evaluator.start_phase()
    assert evaluator.evaluate(data_pass).reassignment_ratio is None


def test_a_restored_evaluator_compares_with_the_clusters_of_its_state():
    assignment = LogitAssignment(torch.eye(3))
    evaluator, resumed = (Evaluator(assignment, lambda: LABELS, METRICS) for _ in range(2))
    resumed.load_state_dict(evaluator.state_dict())

    assert resumed.clusters is None

    evaluator.evaluate(data_pass)
    resumed.load_state_dict(evaluator.state_dict())
    assignment.logits = torch.eye(3)[[0, 2, 1]]

    assert resumed.evaluate(data_pass).reassignment_ratio == pytest.approx(2 / 3)


@pytest.mark.parametrize("labels", [None, np.full(24, 4)], ids=["no labels", "one class"])
def test_internal_metrics_replace_scores_without_at_least_two_classes(labels):
    assignment = LogitAssignment(torch.eye(3), {"all": LogitAssignment(torch.eye(3))})

    evaluation = evaluate(assignment, labels)

    record = evaluation.record()
    assert (record["acc"], record["ari"]) == (None, None)
    assert record["internal"] == pytest.approx({"silhouette": 1, "davies_bouldin": 0}, abs=1e-6)
    assert record["internal_samples"] == 24
    assert assignment.seen == {}
    assert not Evaluator(assignment, lambda: labels, METRICS).has_labels


class Counting(Acc):
    """A metric of another name, which counts its calls."""

    calls = 0

    def score(self, labels, clusters):
        self.calls += 1
        return super().score(labels, clusters)


def test_requested_metrics_stand_beside_the_default_ones():
    asked = MetricSet(METRICS.default, {"extra": Acc(), "silhouette": Silhouette()})

    with_labels = evaluate(LogitAssignment(torch.eye(3)), LABELS, asked)
    without = evaluate(LogitAssignment(torch.eye(3)), None, asked)

    assert list(with_labels.record()) == [
        *("n_samples", "cluster_sizes", "acc", "ari", "extra", "reassignment_ratio"),
        *("internal", "internal_samples", "collapse"),
    ]
    assert with_labels.record()["internal"].keys() == {"silhouette"}
    assert without.record()["internal"].keys() == {"silhouette", "davies_bouldin"}
    assert "extra" not in without.record()


def test_a_requested_metric_is_computed_once_and_makes_no_pass_that_it_does_not_need():
    metric, passes = Counting(), []
    counted = DatasetPass(24, lambda function, i: passes.append(len(i)) or run(function, i))

    def sizes_of_passes(requested):
        passes.clear()
        metrics = MetricSet(METRICS.default, requested)
        Evaluator(LogitAssignment(torch.eye(3)), lambda: LABELS, metrics).evaluate(counted)
        return list(passes)

    assert sizes_of_passes({"extra": metric}) == sizes_of_passes({}) == [24, 24]
    assert metric.calls == 1
    assert sizes_of_passes({"silhouette": Silhouette()}) == [24, 24, 24]


def test_an_undefined_score_is_absent():
    same_cluster = torch.zeros(3, 3)
    same_cluster[:, 1] = 9

    assert evaluate(LogitAssignment(same_cluster), None).record()["internal"] == {}


@pytest.mark.parametrize("labels", [None, np.full(24, 4)], ids=["no labels", "one class"])
def test_requested_metrics_that_need_labels_are_noted_once(labels):
    asked = MetricSet(METRICS.default, {"extra": Acc(), "silhouette": Silhouette()})

    def notes(metrics, labels):
        return Evaluator(LogitAssignment(torch.eye(3)), lambda: labels, metrics).notes

    assert notes(asked, labels) == (
        "has no labels of two or more classes, so these metrics are left out: extra",
    )
    assert notes(asked, LABELS) == notes(METRICS, labels) == ()


def test_two_classes_are_labels():
    assert Evaluator(LogitAssignment(torch.eye(3)), lambda: LABELS % 2, METRICS).has_labels


def test_candidates_are_scored_one_by_one():
    candidates = {"good": LogitAssignment(torch.eye(3)), "bad": LogitAssignment(torch.ones(3, 3))}
    assignment = LogitAssignment(torch.eye(3), candidates)

    evaluator = Evaluator(assignment, lambda: LABELS, METRICS)
    evaluator.evaluate(data_pass)
    assert not assignment.seen
    evaluator.score_candidates(data_pass)

    assert assignment.seen["good"]["acc"] == 1
    assert assignment.seen["bad"]["acc"] == pytest.approx(1 / 3)


class NoisyAssignment(LogitAssignment):
    """Samples of the third kind belong to no cluster."""

    def assign(self, samples):
        return super().assign(samples).masked_fill(samples[:, 2:] > 0, -torch.inf)


def test_rows_without_any_probability_are_noise():
    evaluator = Evaluator(NoisyAssignment(torch.eye(3)), lambda: LABELS, METRICS)

    record = evaluator.evaluate(data_pass).record()

    assert evaluator.clusters.tolist() == [0, 1, -1] * 8
    assert (record["n_samples"], record["cluster_sizes"], record["noise"]) == (24, (8, 8, 0), 8)
    assert record["acc"] == pytest.approx(2 / 3)
    assert record["ari"] == 1  # noise is one more cluster
    assert evaluator.evaluate(data_pass).reassignment_ratio == 0


def test_metrics_of_features_leave_noise_out():
    record = evaluate(NoisyAssignment(torch.eye(3)), None).record()

    assert record["internal"] == pytest.approx({"silhouette": 1, "davies_bouldin": 0}, abs=1e-6)
    assert (record["noise"], record["internal_samples"]) == (8, 24)


def test_noise_alone_is_an_evaluation():
    """All scores against labels are those of no cluster; nothing has a silhouette."""
    nothing = LogitAssignment(torch.eye(3))
    nothing.assign = lambda samples: torch.full((len(samples), 3), -torch.inf)

    record = evaluate(nothing, LABELS).record()

    assert (record["cluster_sizes"], record["noise"]) == ((0, 0, 0), 24)
    assert (record["acc"], record["ari"], record["collapse"]) == (0, 0, {})
    assert evaluate(nothing, None).record()["internal"] == {}


def test_nan_assignments_are_an_error():
    with pytest.raises(TrainingError, match="assignments are NaN"):
        Evaluator(LogitAssignment(torch.full((3, 3), torch.nan)), lambda: LABELS, METRICS).evaluate(
            data_pass
        )


@pytest.mark.parametrize("labels", [LABELS, None], ids=["labels", "no labels"])
def test_signs_of_collapse_do_not_need_labels(labels):
    same_cluster = torch.zeros(3, 3)
    same_cluster[:, 1] = 9

    assert evaluate(LogitAssignment(torch.eye(3)), labels).collapse == {}
    assert list(evaluate(LogitAssignment(same_cluster), labels).collapse) == [
        "one cluster",
        "empty clusters",
    ]


class CenteredAssignment(LogitAssignment):
    """Has centers, features of its own, and a temperature."""

    centers, flat, is_annealing = torch.eye(3), 1.0, False

    def features(self, samples):
        return samples * self.flat

    def cluster_centers(self):
        return self.centers


def test_features_and_centers_are_those_of_the_assignment():
    assignment = CenteredAssignment(torch.eye(3))
    evaluator = Evaluator(assignment, lambda: LABELS, METRICS)

    assert evaluator.evaluate(data_pass).collapse == {}
    assignment.centers = torch.eye(3)[[0, 1, 1]]
    assert evaluator.evaluate(data_pass).collapse == {
        "merged centroids": "2 of 3 centroids coincide with another one"
    }
    assignment.is_annealing = True
    assert evaluator.evaluate(data_pass).collapse == {}
    assignment.flat = 0.0
    assert "constant features" in evaluator.evaluate(data_pass).collapse


def alternating_pass(n_samples):
    """Return a pass over samples of two clusters in turn, the first one without spread."""
    samples = torch.eye(3)[torch.arange(n_samples) % 2]
    noise = torch.randn(n_samples, 3, generator=torch.Generator().manual_seed(0))
    samples[1::2] += 0.2 * noise[1::2]
    return DatasetPass(n_samples, lambda function, i: function(Batch(i, samples[i]))), samples


def test_internal_metrics_of_a_sub_sample_are_close_to_those_of_all_samples():
    n_samples = 2 * (INTERNAL_SAMPLES - 1) + 1  # evenly spaced ones would all be of one cluster
    alternating, samples = alternating_pass(n_samples)

    evaluation = Evaluator(LogitAssignment(torch.eye(3)), lambda: None, METRICS).evaluate(
        alternating
    )

    expected = measured(OF_FEATURES, samples.numpy(), samples.argmax(1).numpy())
    assert {name: evaluation.scores[name] for name in evaluation.internal} == pytest.approx(
        expected, abs=0.02
    )
    assert (evaluation.n_samples, evaluation.internal_samples) == (n_samples, INTERNAL_SAMPLES)


def test_features_of_alternating_rows_are_not_constant():
    n_samples = 40 * (FEATURE_SAMPLES - 1) + 1  # evenly spaced ones would all be equal
    alternating, _ = alternating_pass(n_samples)
    evaluator = Evaluator(
        LogitAssignment(torch.eye(3, 2)), lambda: np.arange(n_samples) % 2, METRICS
    )

    assert evaluator.evaluate(alternating).collapse == {}


def test_noise_is_cluster_minus_one_and_counts_for_no_cluster():
    class WithNoise(Assignment):
        def assign(self, samples):
            return samples[:, :2].log()  # a third of the samples is in neither cluster

    evaluator = Evaluator(WithNoise(), lambda: LABELS, METRICS)
    evaluation = evaluator.evaluate(data_pass)

    assert evaluator.clusters.tolist() == [0, 1, -1] * 8
    assert evaluation.cluster_sizes == (8, 8)
