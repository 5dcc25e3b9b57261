"""Merges and the loss of DipDECK against loops."""

import numpy as np
import pytest
import torch

from dcrf.functional.dip import dip_of_sorted, dip_p_value
from dcrf.functional.dip_merging import merged_by_dip, merging_loss, pair_p_value


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_p_value_of_a_pair_is_that_of_the_projections():
    first, second = random(30, 2), random(40, 2, seed=1) + 2
    axis = first.mean(dim=0) - second.mean(dim=0)
    values = np.sort((torch.cat([first, second]) @ axis).numpy())

    assert pair_p_value(first, second, 2.0) == pytest.approx(
        dip_p_value(dip_of_sorted(values).dip, 70)
    )


def test_of_a_larger_cluster_the_nearest_samples_count():
    first, second = random(10, 2), random(50, 2, seed=1) + 2
    nearest = (second - first.mean(dim=0)).norm(dim=1).argsort()[:20]
    axis = first.mean(dim=0) - second.mean(dim=0)
    values = np.sort((torch.cat([first, second[nearest]]) @ axis).numpy())

    assert pair_p_value(first, second, 2.0) == pytest.approx(
        dip_p_value(dip_of_sorted(values).dip, 30)
    )
    assert pair_p_value(first, second[:0], 2.0) == 0


def test_parts_of_one_blob_are_merged_and_others_stay():
    features = torch.cat([random(300, 2), random(150, 2, seed=1) + 20])
    clusters = torch.cat([(features[:300, 0] > 0).long() * 2, torch.ones(150).long()])

    merged = merged_by_dip(features, clusters, torch.zeros(3, 2).double(), 0.5, 2.0)

    assert torch.equal(merged.clusters, torch.tensor([0] * 300 + [1] * 150))
    means = torch.stack([features[:300].mean(dim=0), features[300:].mean(dim=0)])
    torch.testing.assert_close(merged.means, means)
    assert merged.p_values.shape == (2, 2)
    assert merged.p_values.max() < 0.1
    assert torch.equal(merged.p_values, merged.p_values.T)


def test_without_a_merge_all_p_values_are_those_of_the_pairs():
    features, clusters = random(90, 2), torch.arange(90) % 3
    merged = merged_by_dip(features, clusters, torch.zeros(3, 2).double(), 1.1, 2.0)
    for m in range(3):
        for n in range(3):
            own = features[clusters == m], features[clusters == n]
            expected = 0 if m == n else pair_p_value(*own, 2.0)
            assert merged.p_values[m, n].item() == pytest.approx(expected)


def test_the_loss_by_loops_and_its_gradient():
    features, centers, clusters = random(7, 2), random(4, 2, seed=1), torch.arange(7) % 4
    p_values = random(4, 4, seed=2).abs().clamp(max=1)
    relations = (p_values + torch.eye(4)).numpy()
    expected = np.mean([
        sum(
            relations[c, j] / relations[c].sum() * ((z - centers[j]) ** 2).sum().item()
            for j in range(4)
        )
        for z, c in zip(features, clusters.tolist(), strict=True)
    ])  # fmt: skip
    pairs = [(centers[i] - centers[j]).norm().item() for j in range(4) for i in range(j)]
    expected *= (1 + np.std(pairs, ddof=1)) / np.mean(pairs)

    assert merging_loss(features, centers, p_values, clusters).item() == pytest.approx(expected)
    assert torch.autograd.gradcheck(
        lambda z, c: merging_loss(z, c, p_values, clusters),
        (features.requires_grad_(), centers.requires_grad_()),
    )


@pytest.mark.parametrize("k", [1, 2])
def test_one_or_two_clusters_have_a_finite_loss(k):
    centers = random(k, 2).requires_grad_()
    loss = merging_loss(random(5, 2), centers, torch.zeros(k, k), torch.zeros(5).long())
    loss.backward()

    assert loss.isfinite()
    assert centers.grad.isfinite().all()
