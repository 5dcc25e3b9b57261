"""Evaluations of a whole data set."""

import numpy as np
import pytest
import torch

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, DatasetPass
from dcrf.errors import TrainingError
from dcrf.evaluation.collapse import FEATURE_SAMPLES
from dcrf.evaluation.evaluator import Evaluator

SAMPLES = torch.eye(3).repeat(8, 1)
LABELS = np.array([0, 1, 2] * 8)


class Given(Assignment):
    """Assigns by a matrix of logits."""

    def __init__(self, logits, members=None):
        super().__init__()
        self.logits, self._members, self.seen = torch.as_tensor(logits), members or {}, {}

    def assign(self, samples):
        return (samples @ self.logits).log_softmax(1)

    def candidates(self):
        return self._members

    def record_scores(self, scores):
        self.seen = scores


def run(function, indices):
    return torch.cat([function(Batch(part, SAMPLES[part])) for part in indices.split(5)])


data_pass = DatasetPass(len(SAMPLES), run)


def test_scores_sizes_and_number_of_samples():
    found = Evaluator(Given(torch.eye(3, 4)), lambda: LABELS).evaluate(data_pass)

    assert (found.acc, found.nmi, found.ari) == (1, 1, 1)
    assert (found.n_samples, found.cluster_sizes) == (24, (8, 8, 8, 0))
    assert found.reassignment_ratio is None
    assert found.internal == {}


def test_the_reassignment_ratio_compares_with_the_evaluation_before():
    assignment = Given(torch.eye(3))
    evaluator = Evaluator(assignment, lambda: LABELS)
    evaluator.evaluate(data_pass)

    assert evaluator.evaluate(data_pass).reassignment_ratio == 0
    assignment.logits = torch.eye(3)[[0, 2, 1]]
    assert evaluator.evaluate(data_pass).reassignment_ratio == pytest.approx(2 / 3)
    evaluator.start_phase()
    assert evaluator.evaluate(data_pass).reassignment_ratio is None


def test_without_labels_there_are_internal_metrics_instead():
    found = Evaluator(Given(torch.eye(3)), lambda: None).evaluate(data_pass)

    assert (found.acc, found.nmi, found.ari) == (None, None, None)
    assert found.internal == pytest.approx({"silhouette": 1, "davies_bouldin": 0})


def test_members_are_scored_one_by_one():
    members = {"good": Given(torch.eye(3)), "bad": Given(torch.ones(3, 3))}
    assignment = Given(torch.eye(3), members)

    Evaluator(assignment, lambda: LABELS).evaluate(data_pass)

    assert assignment.seen["good"]["acc"] == 1
    assert assignment.seen["bad"]["acc"] == pytest.approx(1 / 3)


def test_assignments_that_are_not_numbers_are_an_error():
    with pytest.raises(TrainingError, match="not numbers"):
        Evaluator(Given(torch.full((3, 3), torch.nan)), lambda: LABELS).evaluate(data_pass)


def test_a_healthy_state_has_no_signs_of_collapse():
    assert Evaluator(Given(torch.eye(3)), lambda: LABELS).evaluate(data_pass).collapse == {}


def test_signs_of_collapse_are_told_with_and_without_labels():
    one = torch.zeros(3, 3)
    one[:, 1] = 9
    for labels in (LABELS, None):
        found = Evaluator(Given(one), lambda labels=labels: labels).evaluate(data_pass)

        assert list(found.collapse) == ["one cluster", "empty clusters"]


class Around(Given):
    """Has centers, features of its own, and a temperature."""

    centers, flat, is_annealing = torch.eye(3), 1.0, False

    def features(self, samples):
        return samples * self.flat

    def cluster_centers(self):
        return self.centers


def test_features_and_centres_are_those_of_the_assignment():
    assignment = Around(torch.eye(3))
    evaluator = Evaluator(assignment, lambda: LABELS)

    assert evaluator.evaluate(data_pass).collapse == {}
    assignment.centers = torch.eye(3)[[0, 1, 1]]
    assert evaluator.evaluate(data_pass).collapse == {
        "merged centroids": "2 of 3 centroids lie on another one"
    }
    assignment.is_annealing = True
    assert evaluator.evaluate(data_pass).collapse == {}
    assignment.flat = 0.0
    assert "constant features" in evaluator.evaluate(data_pass).collapse


def test_features_of_few_samples_are_looked_at():
    seen = []
    many = DatasetPass(100_000, lambda function, indices: run_seen(function, indices, seen))

    Evaluator(Around(torch.eye(3)), lambda: np.arange(100_000) % 3).evaluate(many)

    assert seen == [100_000, FEATURE_SAMPLES]


def run_seen(function, indices, seen):
    seen.append(len(indices))
    return function(Batch(indices, torch.eye(3)[indices % 3]))
