import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.pseudo_labels import confident_pseudo_labels, pseudo_label_cross_entropy


def assignments(n, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64).log_softmax(dim=1)


def slow_cross_entropy(log_probabilities, labels, *, balanced):
    by_cluster = {}
    for row, label in zip(log_probabilities.tolist(), labels.tolist(), strict=True):
        if label >= 0:
            by_cluster.setdefault(label, []).append(-row[label])
    if balanced:
        means = [sum(losses) / len(losses) for losses in by_cluster.values()]
        return sum(means) / len(means)
    losses = [loss for group in by_cluster.values() for loss in group]
    return sum(losses) / len(losses)


def test_only_confident_samples_have_labels():
    probabilities = torch.tensor([[0.7, 0.3], [0.4, 0.6], [0.01, 0.99]])

    assert confident_pseudo_labels(probabilities.log(), 0.65).tolist() == [0, -1, 1]
    assert confident_pseudo_labels(probabilities.log(), 0.0).tolist() == [0, 1, 1]
    assert confident_pseudo_labels(torch.eye(2).log(), 1.0).tolist() == [0, 1]


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("labels", [[0, 1, 2, 0, 1, 0], [0, 0, 0, 0, 1, -1], [-1, 2, -1, 2, 0, 0]])
def test_it_agrees_with_the_means_in_loops(labels, balanced):
    log_probabilities, labels = assignments(6, 3), torch.tensor(labels)
    loss = pseudo_label_cross_entropy(log_probabilities, labels, balanced)

    assert loss.item() == pytest.approx(
        slow_cross_entropy(log_probabilities, labels, balanced=balanced)
    )


def test_a_small_cluster_counts_like_a_large_one_if_clusters_are_balanced():
    """Three samples of cluster 0 lose log 2 each, one sample of cluster 1 loses log 4."""
    log_probabilities = torch.tensor([[0.5, 0.5]] * 3 + [[0.75, 0.25]]).log()
    labels = torch.tensor([0, 0, 0, 1])
    plain, balanced = (
        pseudo_label_cross_entropy(log_probabilities, labels, choice) for choice in (False, True)
    )

    assert plain.item() == pytest.approx((3 * math.log(2) + math.log(4)) / 4)
    assert balanced.item() == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_balanced_weights_are_those_of_torch():
    """SCAN weights each class by n / count in torch's weighted mean."""
    log_probabilities, labels = assignments(8, 4), torch.tensor([0, 0, 0, 3, 1, 1, 3, 3])
    counts = torch.bincount(labels, minlength=4).double()
    weights = (8 / counts).masked_fill(counts == 0, 1)
    expected = torch.nn.functional.nll_loss(log_probabilities, labels, weights)

    torch.testing.assert_close(
        pseudo_label_cross_entropy(log_probabilities, labels, True), expected
    )


@pytest.mark.parametrize("balanced", [False, True])
def test_without_labels_the_loss_is_zero_and_can_be_differentiated(balanced):
    logits = torch.tensor([[0.0, -1e30]], requires_grad=True)
    loss = pseudo_label_cross_entropy(logits.log_softmax(1), torch.tensor([-1]), balanced)
    loss.backward()

    assert loss == 0
    assert logits.grad.tolist() == [[0, 0]]


@pytest.mark.parametrize("balanced", [False, True])
def test_gradients_are_right(balanced):
    labels = torch.tensor([0, 2, -1, 0])

    assert gradcheck(
        lambda logits: pseudo_label_cross_entropy(logits.log_softmax(1), labels, balanced),
        (assignments(4, 3).requires_grad_(),),
    )
