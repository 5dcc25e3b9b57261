"""Evidence and choice on data whose number of clusters is known."""

import numpy as np
import pytest
import torch

from dcrf.functional.cluster_number import chosen_number
from dcrf.selection.common_space import principal_components
from dcrf.selection.number_of_clusters import largest_number, sweep


def blobs(k, n=200, d=3, seed=0):
    random = np.random.default_rng(seed)
    centers = np.eye(max(k, d))[:k, :d] * 20 if k <= d else random.uniform(-30, 30, (k, d))
    return principal_components(centers[np.arange(n) % k] + random.normal(size=(n, d)))


@pytest.mark.parametrize("k", [1, 3, *(pytest.param(k, marks=pytest.mark.slow) for k in (2, 5))])
def test_the_number_of_blobs_is_found(k):
    assert chosen_number(list(sweep(blobs(k), range(2, 7)))) == k


def test_ten_blobs_are_found():
    assert chosen_number(list(sweep(blobs(10, n=300, d=10), range(8, 13)))) == 10


def test_separated_blobs_are_stable_and_separated():
    (three,) = sweep(blobs(3), [3])

    assert (three.stability, three.error, three.separated) == (1, 0, 3)
    assert three.reference < 0.9
    assert three.silhouette > 0.8


def test_the_same_rows_give_the_same_evidence():
    torch.manual_seed(1)
    first = list(sweep(blobs(2), [2, 3]))
    torch.manual_seed(2)

    assert list(sweep(blobs(2), [2, 3])) == first


def test_equal_rows_have_no_clusters():
    evidence = list(sweep(np.zeros((30, 2)), [2, 3]))

    assert chosen_number(evidence) == 1
    assert [each.silhouette for each in evidence] == [None, None]


def test_a_sub_sample_bounds_the_number():
    assert largest_number(10) == 8
    assert len(list(sweep(blobs(2, n=10), [8]))) == 1
