import math

import torch

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, DatasetPass
from dcrf.reporting.writers import Writer
from dcrf.training.epoch_clusters import AssignAll, EpochClusters

LOG = torch.tensor([[0.2, 0.8], [0.6, 0.4], [0.0, 0.0]]).log()


class ByRow(Assignment):
    """Assigns sample i by row i; a sample whose row is zero is noise."""

    reason = None

    def assign(self, samples):
        return LOG[samples]

    def why_not_ready(self):
        return self.reason


class Notes(Writer):
    def __init__(self):
        self.texts = []

    def write(self, record):
        self.texts.append(record.text)


def assign_all(writer=None):
    whole = DatasetPass(3, lambda function, indices: function(Batch(indices, indices)))
    return AssignAll(ByRow(), whole, writer or Notes(), "finetuning")


def test_all_samples_are_assigned_and_noise_has_no_cluster():
    assert math.isinf(LOG[2, 0])
    assert assign_all()().tolist() == [1, 0, -1]


def test_the_reason_is_written_once():
    notes = Notes()
    assign = assign_all(notes)
    assign.assignment.reason = "too early"

    assert assign() is assign() is None
    assert notes.texts == ["finetuning  the sampling does not know the clusters yet: too early"]
    assign.assignment.reason = None
    assert assign() is not None


def test_the_first_call_of_an_epoch_assigns():
    values = iter([torch.tensor([1]), torch.tensor([2])])
    clusters = EpochClusters(lambda: next(values))

    assert [clusters(epoch).item() for epoch in (1, 1, 2, 2)] == [1, 1, 2, 2]


def test_the_clusters_of_an_epoch_are_restored():
    def refuse():
        raise AssertionError("they are known")

    first = EpochClusters(lambda: torch.tensor([1, 0]))
    first(7)
    other = EpochClusters(refuse)
    other.load_state_dict(first.state_dict())

    assert other(7).tolist() == [1, 0]


def test_without_assignments_there_are_none_and_that_is_restored_too():
    first, other = EpochClusters(), EpochClusters(lambda: torch.tensor([1]))
    assert first(1) is None
    other.load_state_dict(first.state_dict())

    assert other(1) is None
    assert other(2) is not None
