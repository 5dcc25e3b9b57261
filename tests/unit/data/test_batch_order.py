"""Which samples make up which batch."""

from itertools import chain, islice

import pytest
import torch

from dcrf.batch import Clock
from dcrf.data.batch_order import (
    Loading,
    check_batch_size,
    pass_plans,
    pass_sizes,
    training_epochs,
    unused_samples_note,
)
from dcrf.data.sampling.base import Sampling
from dcrf.data.sampling.shuffled import Shuffled
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams


def plans(count, n_samples=10, seed=0, purpose="phase", **loading):
    endless = training_plans(n_samples, Loading(**loading), RandomStreams(seed), purpose)
    return list(islice(endless, count))


def training_plans(*args, **named):
    """All batches, epoch after epoch."""
    return chain.from_iterable(training_epochs(*args, **named))


def orders(*args, **kwargs):
    return [plan.indices.tolist() for plan in plans(*args, **kwargs)]


def test_without_shuffling_samples_come_in_index_order_and_epochs_follow():
    assert orders(4, batch_size=5) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]] * 2


def test_the_clock_counts_epochs_and_iterations_and_marks_the_end_of_an_epoch():
    assert [plan.clock for plan in plans(4, batch_size=4)] == [
        Clock(1, 1), Clock(1, 2, True), Clock(2, 3), Clock(2, 4, True),
    ]  # fmt: skip


def test_an_incomplete_last_batch_is_dropped():
    assert orders(2, batch_size=7) == [[0, 1, 2, 3, 4, 5, 6]] * 2


def test_an_incomplete_last_batch_is_kept_without_drop_last():
    assert orders(2, batch_size=7, drop_last=False)[1] == [7, 8, 9]


def test_a_last_batch_of_one_sample_is_merged_with_the_previous_batch():
    assert [len(order) for order in orders(4, batch_size=3, drop_last=False)] == [3, 3, 4, 3]


def test_a_single_sample_is_a_batch_without_drop_last():
    assert orders(2, n_samples=1, batch_size=3, drop_last=False) == [[0], [0]]


def test_each_epoch_has_a_different_permutation():
    first, second = orders(2, batch_size=10, sampling=Shuffled())

    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_the_order_depends_on_seed_and_purpose():
    expected = orders(3, batch_size=5, sampling=Shuffled())

    assert expected == orders(3, batch_size=5, sampling=Shuffled())
    assert expected != orders(3, batch_size=5, sampling=Shuffled(), seed=1)
    assert expected != orders(3, batch_size=5, sampling=Shuffled(), purpose="another phase")


def assert_same_plans(plans, others):
    for plan, other in zip(plans, others, strict=True):
        assert (plan.purpose, plan.clock) == (other.purpose, other.clock)
        assert torch.equal(plan.indices, other.indices)


@pytest.mark.parametrize("done", range(8))
@pytest.mark.parametrize("sampling", [Shuffled(), Sampling()])
def test_skipped_batches_leave_the_others_unchanged(done, sampling):
    loading, streams = Loading(batch_size=4, sampling=sampling, drop_last=False), RandomStreams(0)
    whole = islice(training_plans(10, loading, streams, "phase"), done, 12)
    rest = islice(training_plans(10, loading, streams, "phase", done), 12 - done)

    assert_same_plans(rest, whole)


def test_skipping_permutes_the_samples_of_one_epoch_only(monkeypatch):
    calls, randperm = [], torch.randperm
    monkeypatch.setattr(
        torch, "randperm", lambda *args, **kw: calls.append(1) or randperm(*args, **kw)
    )
    loading = Loading(batch_size=5, sampling=Shuffled())

    plan = next(training_plans(10, loading, RandomStreams(0), "phase", done=1001))

    assert plan.clock == Clock(501, 1002, True)
    assert len(calls) == 1


def test_a_batch_larger_than_the_data_is_an_error_with_the_remedy():
    with pytest.raises(DataError, match='"batch_size" to at most 10 or "drop_last" to false'):
        check_batch_size(10, Loading(batch_size=11))
    check_batch_size(10, Loading(batch_size=10))
    check_batch_size(10, Loading(batch_size=11, drop_last=False))


def test_the_note_on_unused_samples_names_the_share_and_the_settings():
    assert unused_samples_note(300, Loading(batch_size=256)) == (
        "the last 44 of 300 samples (15 %) are in no training batch (batch_size 256, drop_last "
        'true, the same order in every epoch); set "sampling" to "shuffled" or "drop_last" to '
        "false",
    )
    assert "(0.16 %)" in unused_samples_note(60_000, Loading(batch_size=256))[0]


@pytest.mark.parametrize("n_samples", [1, 9, 10, 11, 19, 20, 21])
@pytest.mark.parametrize("sampling", [Shuffled(), Sampling()])
@pytest.mark.parametrize("drop_last", [True, False])
def test_unused_samples_are_noted_if_no_epoch_has_them(n_samples, sampling, drop_last):
    loading = Loading(batch_size=min(10, n_samples), sampling=sampling, drop_last=drop_last)
    used = {
        index
        for plan in islice(training_plans(n_samples, loading, RandomStreams(0), ""), 300)
        for index in plan.indices.tolist()
    }

    assert bool(unused_samples_note(n_samples, loading)) == (len(used) < n_samples)


def test_a_data_pass_covers_all_samples_in_order_in_batches_of_256_or_more():
    small = [plan.indices for plan in pass_plans(torch.arange(600), Loading(batch_size=7))]
    large = [plan.indices for plan in pass_plans(torch.arange(600), Loading(batch_size=500))]

    assert torch.equal(torch.cat(small), torch.arange(600))
    assert [len(indices) for indices in small] == [256, 256, 88]
    assert [len(indices) for indices in large] == [500, 100]


@pytest.mark.parametrize(
    ("n", "sizes"), [(257, [257]), (513, [256, 257]), (258, [256, 2]), (1, [1])]
)
def test_a_last_sample_of_a_data_pass_is_merged_with_the_previous_batch(n, sizes):
    loading = Loading(batch_size=7)

    assert [len(plan.indices) for plan in pass_plans(torch.arange(n), loading)] == sizes
    assert pass_sizes(n, loading) == sizes
