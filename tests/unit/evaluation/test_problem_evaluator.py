import numpy as np
import pytest
import torch
from torch import Tensor

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import Batch, DatasetPass
from dcrf.builder.metrics import build_metrics
from dcrf.errors import DivergedError
from dcrf.evaluation.metrics.acc import Acc
from dcrf.evaluation.problem_evaluator import ProblemEvaluator

KNOWN = np.array([[0, 0, 1, 1], [0, 1, 2, -1], [0, 0, 0, 0]])


class Fixed(SetAssignment):
    """Partitions the sets as it is told; a sample is the number of its problem."""

    n_clusters = 3

    def __init__(self, clusters: list[list[int]], counts: list[int]) -> None:
        super().__init__()
        self.told, self.counts = torch.tensor(clusters), torch.tensor(counts)

    def count_log_probabilities(self, sets: Tensor) -> Tensor:
        return torch.eye(3)[self.counts[sets] - 1].log()

    def given(self, sets: Tensor, n_clusters: Tensor) -> Tensor:
        return torch.eye(3)[self.told[sets]].log()


def evaluated(clusters, counts, metrics=("correct_count",)):
    evaluator = ProblemEvaluator(Fixed(clusters, counts), lambda: KNOWN, build_metrics(metrics))

    def run(function, indices):
        return torch.cat([function(Batch(part, part)) for part in indices.split(2)])

    return evaluator, lambda: evaluator.evaluate(DatasetPass(3, run))


RIGHT = [[1, 1, 0, 0], [2, 0, 1, 0], [0, 0, 0, 0]]


def test_right_partitions_have_the_best_scores_whatever_their_numbers():
    _, evaluate = evaluated(RIGHT, [2, 3, 1])

    evaluation = evaluate()

    assert evaluation.scores == {"acc": 1, "nmi": 1, "ari": 1, "correct_count": 1}
    assert set(evaluation.deviations.values()) == {0}
    assert evaluation.cluster_sizes == (1, 1, 1)  # problems with one, two and three clusters
    assert evaluation.n_samples == 3


def test_scores_are_means_over_problems_with_their_deviations():
    wrong = [[1, 1, 0, 1], [2, 0, 1, 0], [0, 0, 1, 0]]
    _, evaluate = evaluated(wrong, [2, 3, 2])
    values = [Acc()(KNOWN[0], wrong[0]), 1.0, Acc()(KNOWN[2], wrong[2])]

    evaluation = evaluate()

    assert evaluation.scores["acc"] == pytest.approx(np.mean(values))
    assert evaluation.deviations["acc"] == pytest.approx(np.std(values, ddof=1))
    assert evaluation.scores["correct_count"] == pytest.approx(2 / 3)
    assert evaluation.record()["deviations"]["acc"] == evaluation.deviations["acc"]


def test_objects_that_fill_up_do_not_count():
    right_but_there = [[1, 1, 0, 0], [2, 0, 1, 1], [0, 0, 0, 0]]
    evaluator, evaluate = evaluated(right_but_there, [2, 3, 1])

    assert evaluate().scores["acc"] == 1
    assert evaluator.clusters.tolist() == [[1, 1, 0, 0], [2, 0, 1, -1], [0, 0, 0, 0]]


def test_the_share_of_changed_partitions_is_counted():
    evaluator, evaluate = evaluated(RIGHT, [2, 3, 1])

    assert evaluate().reassignment_ratio is None
    assert evaluate().reassignment_ratio == 0
    evaluator.assignment.told[2, 1] = 1
    assert evaluate().reassignment_ratio == pytest.approx(1 / 3)


def test_its_state_is_the_last_partitions():
    evaluator, evaluate = evaluated(RIGHT, [2, 3, 1])
    assert evaluator.state_dict() == {"clusters": None}
    evaluate()
    other, evaluate_other = evaluated(RIGHT, [2, 3, 1])

    other.load_state_dict(evaluator.state_dict())

    assert evaluate_other().reassignment_ratio == 0
    other.start_phase()
    assert evaluate_other().reassignment_ratio is None


def test_metrics_of_features_are_left_out_with_a_note():
    evaluator, evaluate = evaluated(RIGHT, [2, 3, 1], metrics=("silhouette",))

    assert "silhouette" not in evaluate().scores
    assert "silhouette" in evaluator.notes[0]
    assert evaluated(RIGHT, [2, 3, 1])[0].notes == ()


def test_probabilities_that_are_nan_are_an_error():
    evaluator, evaluate = evaluated(RIGHT, [2, 3, 1])
    evaluator.assignment.count_log_probabilities = lambda sets: torch.full(
        (len(sets), 3), torch.nan
    )

    with pytest.raises(DivergedError, match="assignments are NaN"):
        evaluate()
