"""Triplets, and their loss by a loop, by hand and by finite differences."""

import pytest
import torch
from torch import Generator
from torch.autograd import gradcheck

from dcrf.functional.triplets import Triplets, draw_triplets, weighted_triplet_loss


def drawn(clusters, num_negatives=3, seed=0):
    return draw_triplets(torch.tensor(clusters), num_negatives, Generator().manual_seed(seed))


@pytest.mark.parametrize("clusters", [[0, 1, 0, 2, 2, 2, 5], [4, 4, 1, 1], [9, 0, 0]])
def test_every_pair_of_a_cluster_has_negatives_of_other_clusters(clusters):
    expected = sorted(
        (a, p)
        for a, own in enumerate(clusters)
        for p, other in enumerate(clusters)
        for _ in range(3)
        if a != p and own == other
    )

    anchors, positives, negatives = drawn(clusters)

    assert sorted(zip(anchors.tolist(), positives.tolist(), strict=True)) == expected
    assert all(clusters[n] != clusters[a] for a, n in zip(anchors, negatives, strict=True))


def test_all_samples_of_other_clusters_are_drawn_alike():
    clusters = [1, 0, 2, 1, 2, 0, 0]
    anchors, positives, negatives = drawn(clusters, num_negatives=20_000)

    counts = negatives[(anchors == 0) & (positives == 3)].bincount(minlength=7)

    assert counts[[0, 3]].tolist() == [0, 0]
    torch.testing.assert_close(
        counts[[1, 2, 4, 5, 6]] / 20_000, torch.full((5,), 0.2), atol=0.02, rtol=0
    )


@pytest.mark.parametrize("clusters", [[0, 1, 2], [3, 3, 3], [0]])
def test_without_pairs_or_negatives_there_are_no_triplets(clusters):
    triplets = drawn(clusters)
    features = torch.ones(len(clusters), 2, requires_grad=True)

    loss = weighted_triplet_loss(features, triplets, 0.2, 1.0)
    loss.backward()

    assert [len(part) for part in triplets] == [0, 0, 0]
    assert loss == 0
    assert not features.grad.any()


def test_by_hand():
    features = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    triplets = Triplets(torch.tensor([0, 1]), torch.tensor([1, 0]), torch.tensor([2, 2]))

    assert weighted_triplet_loss(features, triplets, 0.2, 1.0) == 0
    assert weighted_triplet_loss(features, triplets, 3.5, 1.0).item() == pytest.approx(0.25)
    assert weighted_triplet_loss(features, triplets, 3.5, 2.0).item() == pytest.approx(1.0)


@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_the_loss_is_that_of_a_loop(offset):
    features = torch.randn(9, 4, generator=Generator().manual_seed(1), dtype=torch.float64)
    triplets = drawn([0, 1, 2, 0, 1, 2, 0, 1, 1])
    values = [
        1.5 * (features[a] - features[p]).square().sum()
        - (features[a] - features[n]).square().sum()
        for a, p, n in zip(*triplets, strict=True)
    ]
    expected = sum(max(0.0, float(value) + 0.7) for value in values) / len(values)

    loss = weighted_triplet_loss((features + offset).float(), triplets, 0.7, 1.5)

    assert loss.item() == pytest.approx(expected, rel=1e-3)


def test_gradients_are_those_of_finite_differences():
    features = torch.randn(6, 3, generator=Generator().manual_seed(2), dtype=torch.float64)
    triplets = drawn([0, 1, 0, 1, 2, 2])

    assert gradcheck(
        lambda rows: weighted_triplet_loss(rows, triplets, 0.5, 1.3), features.requires_grad_()
    )
