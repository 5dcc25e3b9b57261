from itertools import islice

import pytest
import torch

from dcrf.batch import Clock, presence_of
from dcrf.data.batch_order import Loading
from dcrf.data.problems.problem_source import ProblemSource
from dcrf.data.problems.shape_problems import ShapeProblems
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

VARYING = ShapeProblems(8, 12, 1, 3, 0.05)
FIXED = ShapeProblems(12, 12, 1, 3, 0.05)


def source(maker=VARYING, n_problems=25, batch_size=10, seed=0):
    return ProblemSource("sets", maker, n_problems, Loading(batch_size), RandomStreams(seed))


def taken(data, number, **options):
    return [*islice(data.batches(**options), number)]


def test_every_batch_has_new_problems():
    batches = [batch for _, batch in taken(source(), 4)]

    assert all(batch.samples.shape == (10, 12, 2) for batch in batches)
    assert all(batch.partition.shape == (10, 12) for batch in batches)
    for i, batch in enumerate(batches):
        assert not any(torch.equal(batch.samples, other.samples) for other in batches[:i])


def test_an_epoch_has_as_many_whole_batches_as_problems_fill():
    clocks = [clock for clock, _ in taken(source(), 5)]

    assert clocks == [
        Clock(1, 1, False),
        Clock(1, 2, True),
        Clock(2, 3, False),
        Clock(2, 4, True),
        Clock(3, 5, False),
    ]


def test_batches_that_are_skipped_change_nothing():
    whole, rest = taken(source(), 5), taken(source(), 2, done=3)

    assert [clock for clock, _ in whole[3:]] == [clock for clock, _ in rest]
    for (_, first), (_, second) in zip(whole[3:], rest, strict=True):
        assert torch.equal(first.samples, second.samples)
        assert torch.equal(first.partition, second.partition)


@pytest.mark.parametrize("options", [{"purpose": "other"}, {}], ids=["purpose", "seed"])
def test_other_purposes_and_seeds_have_other_problems(options):
    (_, first), *_ = taken(source(), 1)
    (_, second), *_ = taken(source(seed=0 if options else 1), 1, **options)

    assert not torch.equal(first.samples, second.samples)


def test_evaluations_have_the_same_problems_in_any_batches():
    indices = torch.tensor([3, 20, 0, 7])
    data = source()
    whole = data.data_pass(lambda batch: batch.samples, torch.arange(25))

    assert whole.shape == (25, 12, 2)
    rows = data.data_pass(lambda batch: batch.samples, indices)
    assert torch.equal(rows, whole[indices])
    assert torch.equal(source().data_pass(lambda batch: batch.samples, indices), rows)


def test_labels_are_the_partitions_of_evaluations():
    data = source()
    partitions = data.data_pass(lambda batch: batch.partition, torch.arange(25))

    assert (data.labels() == partitions.numpy()).all()


def test_batches_of_different_sizes_carry_which_objects_are_present():
    (_, varying), *_ = taken(source(), 1)
    (_, fixed), *_ = taken(source(FIXED), 1)

    assert torch.equal(presence_of(varying.samples), varying.partition >= 0)
    assert not varying.samples[varying.partition < 0].any()
    assert presence_of(fixed.samples) is None


def test_the_share_of_pairs_is_that_of_many_problems():
    data = source()
    shares = []
    for _, batch in taken(data, 100):
        for row in batch.partition:
            own = row[row >= 0]
            same = own[:, None] == own
            shares.append((same.sum() - len(own)).item() / (len(own) * (len(own) - 1)))

    assert data.same_share == pytest.approx(sum(shares) / len(shares), abs=0.03)


def test_the_fingerprint_names_what_has_changed():
    data = source()

    assert data.changes_since(data.fingerprint()) == []
    assert data.changes_since(source(FIXED).fingerprint()) == ["min_objects: 12 before, now 8"]


def test_there_are_neither_companions_nor_side_targets():
    with pytest.raises(DataError, match="have no companions"):
        source().companions("", Clock(1, 1), torch.zeros(2, 2).long())
    with pytest.raises(DataError, match="no side targets"):
        source().side_targets(torch.zeros(2).long())
