from collections import Counter
from itertools import permutations

import pytest
from scipy.stats import chisquare
from torch import Generator

from dcrf.data.sampling.shuffle_buffer import ShuffleBuffer


def orders(n_samples, buffer_size, seeds):
    sampling = ShuffleBuffer(buffer_size=buffer_size)
    return [
        sampling.order(n_samples, Generator().manual_seed(seed), None).tolist()
        for seed in range(seeds)
    ]


@pytest.mark.parametrize(("n_samples", "buffer_size"), [(50, 8), (5, 8), (8, 8), (1, 1), (30, 1)])
def test_every_sample_occurs_once_and_none_too_early(n_samples, buffer_size):
    for order in orders(n_samples, buffer_size, 20):
        assert sorted(order) == list(range(n_samples))
        assert all(sample - place < buffer_size for place, sample in enumerate(order))


def test_a_buffer_of_one_keeps_the_order():
    assert orders(9, 1, 3) == [list(range(9))] * 3


def probabilities(n_samples, buffer_size):
    """Order -> its probability, by all draws from a list that is refilled."""

    def continued(buffer, following, order, probability):
        if not buffer:
            return {order: probability}
        result = Counter()
        for sample in buffer:
            rest = [other for other in buffer if other != sample]
            rest += [following] if following < n_samples else []
            share = probability / len(buffer)
            result.update(continued(rest, following + 1, (*order, sample), share))
        return result

    return continued(list(range(min(n_samples, buffer_size))), buffer_size, (), 1.0)


@pytest.mark.parametrize("buffer_size", [2, 3, 4])
def test_orders_have_the_probabilities_of_a_refilled_list(buffer_size):
    expected = probabilities(4, buffer_size)
    counts = Counter(map(tuple, orders(4, buffer_size, 3000)))

    assert counts.keys() <= expected.keys()
    observed = [counts[order] for order in expected]
    assert chisquare(observed, [3000 * p for p in expected.values()]).pvalue > 0.001


def test_a_buffer_of_all_samples_has_every_permutation():
    assert {*map(tuple, orders(3, 10, 200))} == {*permutations(range(3))}
