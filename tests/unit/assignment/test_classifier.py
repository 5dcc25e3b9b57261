"""Choosing among classifiers."""

import pytest
import torch
from torch import nn

from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.assignment.classifier import Classifier
from dcrf.errors import TrainingError
from dcrf.mappings.mapping import TrainableMapping

SAMPLES = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def classifiers():
    torch.manual_seed(0)
    return {name: ClassProbabilities(TrainableMapping([nn.Linear(4, 3)]), 3) for name in ("a", "b")}


def choosing(classifiers, criterion, **arguments):
    return Classifier(
        classifiers=classifiers, classifier_selection_criterion=criterion, **arguments
    )


def test_the_first_declared_one_is_taken(classifiers):
    assignments = choosing(classifiers, "first_declared")(SAMPLES)

    torch.testing.assert_close(assignments, classifiers["a"](SAMPLES))


def test_the_named_one_is_taken(classifiers):
    assignments = choosing(classifiers, "name", classifier=classifiers["b"])(SAMPLES)

    torch.testing.assert_close(assignments, classifiers["b"](SAMPLES))


def test_average_is_the_mean_of_class_probabilities(classifiers):
    assignments = choosing(classifiers, "average")(SAMPLES).exp()

    expected = (classifiers["a"](SAMPLES).exp() + classifiers["b"](SAMPLES).exp()) / 2
    torch.testing.assert_close(assignments, expected)


@pytest.mark.parametrize(
    ("criterion", "expected"), [("highest_last_nmi", "b"), ("highest_average_nmi", "a")]
)
def test_the_best_one_by_its_scores_is_taken(classifiers, criterion, expected):
    strategy = choosing(classifiers, criterion)
    for a, b in [(0.9, 0.1), (0.4, 0.5)]:
        strategy.record_scores(
            {"a": {"acc": 0, "nmi": a, "ari": 0}, "b": {"acc": 1, "nmi": b, "ari": 1}}
        )

    torch.testing.assert_close(strategy(SAMPLES), classifiers[expected](SAMPLES))


def test_the_average_is_taken_until_there_are_scores(classifiers):
    assignments = choosing(classifiers, "highest_last_acc")(SAMPLES)

    torch.testing.assert_close(assignments, choosing(classifiers, "average")(SAMPLES))


def test_the_average_is_taken_until_every_classifier_has_scores(classifiers):
    strategy = choosing(classifiers, "highest_last_acc")
    strategy.record_scores({"a": {"acc": 1.0}})

    torch.testing.assert_close(strategy(SAMPLES), choosing(classifiers, "average")(SAMPLES))


def test_only_criteria_on_scores_ask_for_scores(classifiers):
    assert choosing(classifiers, "highest_average_ari").candidates() == classifiers
    assert choosing(classifiers, "average").candidates() == {}


def test_scores_survive_saving(classifiers):
    strategy = choosing(classifiers, "highest_last_acc")
    strategy.record_scores({"a": {"acc": 0.1}, "b": {"acc": 0.7}})
    other = choosing(classifiers, "highest_last_acc")

    other.load_state_dict(strategy.state_dict())

    torch.testing.assert_close(other(SAMPLES), classifiers["b"](SAMPLES))


def test_saved_scores_do_not_change_with_later_ones(classifiers):
    strategy = choosing(classifiers, "highest_last_acc")
    strategy.record_scores({"a": {"acc": 0.1}, "b": {"acc": 0.7}})
    state = strategy.get_extra_state()
    strategy.record_scores({"a": {"acc": 0.9}, "b": {"acc": 0.2}})

    assert state == {"a": [0.1], "b": [0.7]}


def test_its_features_are_those_of_the_selected_classifier():
    encoders = {name: TrainableMapping([nn.Linear(4, 2)]) for name in ("a", "b")}
    heads = {
        name: ClassProbabilities(TrainableMapping([nn.Linear(2, 3)]), 3, encoder)
        for name, encoder in encoders.items()
    }
    strategy = choosing(heads, "name", classifier=heads["b"])

    torch.testing.assert_close(strategy.features(SAMPLES), encoders["b"](SAMPLES))


def test_a_feature_space_classifier_sees_features():
    encoder, head = TrainableMapping([nn.Linear(4, 2)]), TrainableMapping([nn.Linear(2, 3)])
    strategy = ClassProbabilities(head, 3, encoder)

    torch.testing.assert_close(strategy(SAMPLES), head(encoder(SAMPLES)).log_softmax(1))
    torch.testing.assert_close(strategy.features(SAMPLES), encoder(SAMPLES))


def test_the_features_of_a_classifier_after_another_mapping_are_the_output_of_that_one():
    encoder = TrainableMapping([nn.Linear(4, 2)])
    classifier = ClassProbabilities(TrainableMapping([nn.Linear(2, 3)], prior=encoder), 3)

    assert torch.equal(classifier.features(SAMPLES), encoder(SAMPLES))


def test_a_classifier_of_another_width_than_clusters_is_refused():
    with pytest.raises(TrainingError, match=r"shape \(3,\).*num_clusters is 10"):
        ClassProbabilities(TrainableMapping([nn.Linear(4, 3)]), 10)(SAMPLES)
