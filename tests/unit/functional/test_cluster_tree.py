"""The losses of DeepECT by loops, and the shape of a tree by hand.

The tree: the root 0 has the leaf 1 and the inner node 2, and that has the leaves 3 and 4.
"""

import numpy as np
import pytest
import torch

from dcrf.functional.cluster_tree import TreeShape, inner_centers, tree_compression

CHILDREN = [[1, 2], [-1, -1], [3, 4], [-1, -1], [-1, -1]]
SHAPE = TreeShape(CHILDREN, [0, -1, 1, -1, -1])


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_nodes_leaves_and_what_lies_under_them():
    assert SHAPE.nodes == [0, 1, 2, 3, 4]
    assert SHAPE.inner == [0, 2]
    assert SHAPE.leaves == [1, 3, 4]
    assert {n: sorted(numbers) for n, numbers in SHAPE.leaves_under.items()} == {
        0: [0, 1, 2], 1: [0], 2: [1, 2], 3: [1], 4: [2],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("n_clusters", "clusters"), [(1, [0, 0, 0]), (2, [0, 1, 1]), (3, [0, 1, 2]), (9, [0, 1, 2])]
)
def test_a_cut_undoes_all_but_the_first_splits(n_clusters, clusters):
    assert SHAPE.clusters_of_leaves(n_clusters) == clusters


def test_a_root_alone_is_one_cluster():
    assert TreeShape([[-1, -1]], [-1]).clusters_of_leaves(3) == [0]


def test_the_loss_by_loops():
    features, centers, leaves = random(9, 2), random(5, 2, seed=1), torch.arange(9) % 3
    slots, expected = [1, 3, 4], 0.0
    for number, slot in enumerate(slots):
        own = features[leaves == number].numpy()
        expected += np.linalg.norm(centers[slot].numpy() - own.mean(axis=0)) / 3
    samples_of = {1: [0], 2: [1, 2], 3: [1], 4: [2]}
    for pair in ((1, 2), (3, 4)):
        line = (centers[pair[0]] - centers[pair[1]]).numpy()
        for child in pair:
            for feature, leaf in zip(features.numpy(), leaves.tolist(), strict=True):
                if leaf in samples_of[child]:
                    difference = centers[child].numpy() - feature
                    share = difference @ line / np.linalg.norm(line)
                    expected += abs(share) / (2 * 2 * 9)

    loss = tree_compression(features, centers, leaves, SHAPE)

    assert loss.item() == pytest.approx(expected)


def test_the_first_part_moves_leaves_only_and_the_second_features_only():
    features, centers = random(9, 2).requires_grad_(), random(5, 2, seed=1).requires_grad_()
    leaves = torch.arange(9) % 3
    tree_compression(features, centers, leaves, SHAPE).backward()
    unit = centers.detach()[1] - features.detach()[leaves == 0].mean(dim=0)

    torch.testing.assert_close(centers.grad[1], unit / unit.norm() / 3)
    assert not centers.grad[[0, 2]].any()
    assert features.grad.any(dim=1).all()


def test_the_gradient_of_features_is_that_of_finite_differences():
    features, centers, leaves = random(9, 2), random(5, 2, seed=1), torch.arange(9) % 3
    centers[[1, 3, 4]] = torch.stack([features[leaves == n].mean(dim=0) for n in range(3)])
    features.requires_grad_()
    (gradient,) = torch.autograd.grad(tree_compression(features, centers, leaves, SHAPE), features)
    means = centers[[1, 3, 4]]

    def second_part(rows):
        first_part = sum(
            (mean - rows[leaves == n].mean(dim=0)).norm() for n, mean in enumerate(means)
        )
        return (tree_compression(rows, centers, leaves, SHAPE) - first_part / 3).item()

    for i, j in ((0, 0), (4, 1), (8, 0)):
        step = torch.zeros(9, 2, dtype=torch.float64)
        step[i, j] = 1e-6
        slope = (
            second_part(features.detach() + step) - second_part(features.detach() - step)
        ) / 2e-6
        assert gradient[i, j].item() == pytest.approx(slope, rel=1e-5)


def test_leaves_without_samples_and_equal_centers_give_finite_gradients():
    features, centers = random(3, 2).requires_grad_(), torch.ones(5, 2).double().requires_grad_()
    tree_compression(features, centers, torch.zeros(3, dtype=torch.int64), SHAPE).backward()

    assert centers.grad.isfinite().all()
    assert features.grad.isfinite().all()


def test_inner_centers_are_weighted_means_by_hand():
    centers = torch.tensor([[9.0], [0.0], [9.0], [3.0], [6.0]])
    moved, weights = inner_centers(centers, torch.tensor([0.0, 3.0, 0.0, 1.0, 2.0]), SHAPE)

    assert weights.tolist() == [6, 3, 3, 1, 2]
    assert moved.flatten().tolist() == [2.5, 0, 5, 3, 6]
