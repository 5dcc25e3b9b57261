"""Separation, thresholds and votes of pairs of clusters."""

from itertools import combinations

import numpy as np
import pytest
import torch

from dcrf.functional.dip import dip_of_sorted
from dcrf.functional.dip_projections import (
    Thresholds,
    dip_separation,
    main_mode,
    pairs_of,
    separating_thresholds,
    votes_of_pairs,
)

GENERATOR = torch.Generator()


def blobs(sizes=(12, 15, 18)):
    generator = torch.Generator().manual_seed(3)
    clusters = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    centers = 3 * torch.randn(len(sizes), 2, generator=generator, dtype=torch.float64)
    noise = torch.randn(len(clusters), 2, generator=generator, dtype=torch.float64)
    axes = torch.randn(len(pairs_of(len(sizes))), 2, generator=generator, dtype=torch.float64)
    return centers[clusters] + noise, clusters, axes


def dip(values):
    return dip_of_sorted(np.sort(values)).dip


def test_pairs_are_in_order():
    assert pairs_of(4).tolist() == [list(pair) for pair in combinations(range(4), 2)]


def test_the_separation_by_loops():
    features, clusters, axes = blobs()
    expected = 0.0
    for axis, (m, n) in zip(axes.numpy(), combinations(range(3), 2), strict=True):
        own = [features[clusters == k].numpy() @ axis for k in (m, n)]
        both = dip(np.concatenate(own))
        expected += dip(own[0]) ** 2 + dip(own[1]) ** 2 - both + 2 * both**2

    separation = dip_separation(features, clusters, axes, 3, 10, 2.0, GENERATOR)

    assert separation.item() == pytest.approx(expected / 3)


def test_its_gradient_is_that_of_the_paper():
    """1/2 (4 d_m d_m' + 4 d_n d_n') - 4 (1/4 - d_mn) d_mn', in two clusters."""
    features, clusters, axes = blobs((12, 15))
    features.requires_grad_()
    axes.requires_grad_()
    dip_separation(features, clusters, axes, 2, 10, 2.0, GENERATOR).backward()
    step, expected = 1e-7, torch.zeros(2, dtype=torch.float64)
    rows, axis = features.detach().numpy(), axes.detach().numpy()[0]
    groups = [rows[clusters == 0], rows[clusters == 1], rows]
    for i in range(2):
        moved = axis + step * np.eye(2)[i]
        d_m, d_n, d_both = (dip(group @ axis) for group in groups)
        slopes = [(dip(g @ moved) - dip(g @ axis)) / step for g in groups]
        expected[i] = (4 * d_m * slopes[0] + 4 * d_n * slopes[1]) / 2
        expected[i] -= 4 * (0.25 - d_both) * slopes[2]

    torch.testing.assert_close(axes.grad[0], expected, rtol=1e-4, atol=1e-6)
    assert features.grad.abs().sum() > 0
    assert torch.autograd.gradcheck(
        lambda z: dip_separation(z, clusters, axes, 2, 10, 2.0, GENERATOR), (features,), eps=1e-7
    )


def test_pairs_with_too_few_samples_do_not_count():
    features, clusters, axes = blobs((12, 15, 5))
    two = clusters < 2
    of_two = dip_separation(features[two], clusters[two], axes[:1], 2, 10, 2.0, GENERATOR)

    separation = dip_separation(features, clusters, axes, 3, 10, 2.0, GENERATOR)

    assert separation.item() == pytest.approx(of_two.item() / 3)
    none = dip_separation(features.requires_grad_(), clusters, axes, 3, 30, 2.0, GENERATOR)
    assert none.item() == 0
    assert none.requires_grad


def test_the_larger_cluster_is_drawn_from_for_both():
    features, clusters, axes = blobs((10, 40))
    generator = torch.Generator().manual_seed(0)
    separation = dip_separation(features, clusters, axes, 2, 10, 2.0, generator)
    drawn = torch.randperm(40, generator=torch.Generator().manual_seed(0))[:20]
    small, large = (features[clusters == k].numpy() @ axes[0].numpy() for k in (0, 1))
    both = dip(np.concatenate([small, large[drawn]]))

    assert separation.item() == pytest.approx(
        dip(small) ** 2 + dip(large) ** 2 - both + 2 * both**2
    )


def test_the_main_mode_is_most_of_a_cluster_and_leaves_out_a_far_group():
    values = np.sort(np.random.default_rng(0).normal(size=400))
    low, high = main_mode(values)

    assert np.mean((values >= low) & (values <= high)) > 0.5

    with_outliers = np.sort(np.concatenate([values, np.linspace(20, 21, 40)]))
    assert main_mode(with_outliers)[1] < 5


def test_the_main_mode_of_a_mirror_image_is_mirrored():
    values = np.sort(np.random.default_rng(1).exponential(size=100))
    low, high = main_mode(values)

    assert main_mode(-values[::-1]) == pytest.approx((-high, -low))


def test_thresholds_lie_between_clusters_and_samples_get_the_cluster_with_most_votes():
    generator = torch.Generator().manual_seed(0)
    clusters = torch.arange(3).repeat_interleave(50)
    centers = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    features = centers[clusters] + 0.5 * torch.randn(150, 2, generator=generator)
    first, second = pairs_of(3).T
    axes = centers[first] - centers[second]

    thresholds = separating_thresholds(features, clusters, axes, 3)
    votes = votes_of_pairs(features @ axes.T, thresholds, 3)

    assert thresholds.can_vote.all()
    assert votes.sum(dim=1).tolist() == [3] * 150
    assert torch.equal(votes.argmax(dim=1), clusters)


def test_votes_by_hand():
    thresholds = Thresholds(
        torch.tensor([0.0, 0.0, 5.0]), torch.tensor([True, False, True]),
        torch.tensor([True, True, False]),
    )  # fmt: skip
    projections = torch.tensor([[-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]])

    assert votes_of_pairs(projections, thresholds, 3).tolist() == [[1, 0, 1], [1, 1, 0]]


def test_a_cluster_of_three_samples_has_no_threshold():
    features, clusters, axes = blobs((12, 15, 3))

    assert separating_thresholds(features, clusters, axes, 3).can_vote.tolist() == [
        True, False, False,
    ]  # fmt: skip
