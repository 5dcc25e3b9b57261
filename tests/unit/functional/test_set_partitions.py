import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.set_partitions import (
    co_membership,
    count_loss,
    embedding_divergence,
    group_center_loss,
    index_log_probabilities,
    largest_number_of_clusters,
    pair_loss,
    pair_weights,
)

SETS, OBJECTS, K = 3, 5, 3
PARTITION = torch.tensor([[0, 1, 0, 2, 1], [0, 0, 0, -1, -1], [0, 1, 1, 1, -1]])
"""Three sets, of five, three and four objects."""


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def counts(seed=1):
    return random(SETS, K, seed=seed).log_softmax(1)


def pairs(partition):
    """The sets with their pairs i < j of objects that are present."""
    for number, row in enumerate(partition.tolist()):
        present = [i for i, cluster in enumerate(row) if cluster >= 0]
        yield number, row, [(i, j) for i in present for j in present if i < j]


@pytest.mark.parametrize(("width", "largest"), [(1, 1), (3, 2), (6, 3), (15, 5)])
def test_the_number_of_logits_says_the_largest_number_of_clusters(width, largest):
    assert largest_number_of_clusters(width) == largest


@pytest.mark.parametrize("width", [0, 2, 4, 14])
def test_other_numbers_of_logits_are_refused(width):
    with pytest.raises(ValueError, match=f"{width} logits are not 1 \\+ 2"):
        largest_number_of_clusters(width)


def test_every_block_of_logits_is_a_distribution():
    logits = random(SETS, OBJECTS, 6)
    log_p = index_log_probabilities(logits)

    assert log_p.shape == (SETS, OBJECTS, K, K)
    torch.testing.assert_close(log_p[:, :, 0, 0], torch.zeros(SETS, OBJECTS).double())
    torch.testing.assert_close(log_p[:, :, 1, :2], logits[:, :, 1:3].log_softmax(-1))
    torch.testing.assert_close(log_p[:, :, 2], logits[:, :, 3:].log_softmax(-1))
    assert log_p[:, :, 1, 2].isneginf().all()


def test_co_membership_agrees_with_loops():
    log_p_k, p_l = counts(), index_log_probabilities(random(SETS, OBJECTS, 6)).exp()
    expected = torch.zeros(SETS, OBJECTS, OBJECTS).double()
    for s in range(SETS):
        for i in range(OBJECTS):
            for j in range(OBJECTS):
                for k in range(K):
                    for cluster in range(k + 1):
                        both = p_l[s, i, k, cluster] * p_l[s, j, k, cluster]
                        expected[s, i, j] += log_p_k[s, k].exp() * both

    torch.testing.assert_close(co_membership(log_p_k.exp(), p_l), expected)


def test_pair_weights_by_hand():
    """sqrt(0.64) : sqrt(0.36) = 0.8 : 0.6, and 1.4 becomes 2."""
    assert pair_weights(0.36) == pytest.approx((8 / 7, 6 / 7))
    assert pair_weights(0.5) == pytest.approx((1, 1))
    assert pair_weights(1.0) == (0, 2)


def test_the_pair_loss_agrees_with_loops():
    co_members = random(SETS, OBJECTS, OBJECTS).sigmoid()
    means = []
    for s, row, indices in pairs(PARTITION):
        losses = [
            -1.2 * math.log(co_members[s, i, j])
            if row[i] == row[j]
            else -0.8 * math.log(1 - co_members[s, i, j])
            for i, j in indices
        ]
        means.append(sum(losses) / len(losses))

    assert pair_loss(co_members, PARTITION, (1.2, 0.8)).item() == pytest.approx(sum(means) / SETS)


def test_certain_pairs_have_finite_losses():
    wrong = torch.eye(2).unsqueeze(0).requires_grad_()
    loss = pair_loss(wrong, torch.tensor([[0, 0]]), (1, 1))
    loss.backward()

    assert loss.item() == pytest.approx(-math.log(1e-7))
    assert wrong.grad.isfinite().all()


def test_a_set_of_one_object_has_no_pairs():
    co_members = torch.full((2, 2, 2), 0.5)
    partition = torch.tensor([[0, -1], [0, 1]])

    assert pair_loss(co_members, partition, (1, 1)).item() == pytest.approx(math.log(2))
    assert pair_loss(co_members[:1], partition[:1], (1, 1)).item() == 0


def test_the_count_loss_by_hand():
    log_p = torch.tensor([[0.5, 0.25, 0.25], [0.125, 0.5, 0.375]]).log()
    partition = torch.tensor([[0, 0, 0, -1], [0, 1, 0, 1]])

    assert count_loss(log_p, partition).item() == pytest.approx(math.log(2))


def test_the_center_loss_agrees_with_loops():
    states = random(SETS, OBJECTS, 2)
    means = []
    for s, row in enumerate(PARTITION.tolist()):
        squares = []
        for i, cluster in enumerate(row):
            if cluster >= 0:
                members = torch.tensor([c == cluster for c in row])
                squares.append((states[s, i] - states[s, members].mean(0)).square().mean())
        means.append(sum(squares) / len(squares))

    assert group_center_loss(states, PARTITION).item() == pytest.approx(sum(means).item() / SETS)


def test_the_divergence_agrees_with_loops():
    log_p = random(SETS, OBJECTS, 4).log_softmax(2)
    means = []
    for s, row, indices in pairs(PARTITION):
        costs = []
        for i, j in indices:
            for p, q in ((log_p[s, i], log_p[s, j]), (log_p[s, j], log_p[s, i])):
                divergence = (p.exp() * (p - q)).sum().item()
                costs.append(divergence if row[i] == row[j] else max(0, 0.7 - divergence))
        means.append(sum(costs) / len(indices))

    assert embedding_divergence(log_p, PARTITION, 0.7).item() == pytest.approx(sum(means) / SETS)


def losses(logits, counts_logits, states, partition):
    log_p_k, p_l = counts_logits.log_softmax(1), index_log_probabilities(logits).exp()
    return (
        pair_loss(co_membership(log_p_k.exp(), p_l), partition, (1.2, 0.8)),
        count_loss(log_p_k, partition),
        group_center_loss(states, partition),
        embedding_divergence(states.log_softmax(2), partition, 2.0),
    )


ARGUMENTS = random(SETS, OBJECTS, 6, seed=3), random(SETS, K, seed=4), random(SETS, OBJECTS, 4)


def test_gradients_agree_with_finite_differences():
    arguments = [value.clone().requires_grad_() for value in ARGUMENTS]

    assert gradcheck(lambda *a: losses(*a, PARTITION), arguments)


def test_the_numbers_of_clusters_do_not_matter():
    renumbered = torch.tensor([[2, 0, 2, 1, 0], [0, 0, 0, -1, -1], [1, 0, 0, 0, -1]])

    for first, second in zip(
        losses(*ARGUMENTS, PARTITION), losses(*ARGUMENTS, renumbered), strict=True
    ):
        torch.testing.assert_close(first, second)


def test_the_order_of_objects_does_not_matter():
    order = torch.tensor([3, 0, 4, 2, 1])
    logits, counts_logits, states = ARGUMENTS
    moved = (logits[:, order], counts_logits, states[:, order], PARTITION[:, order])

    for first, second in zip(losses(*ARGUMENTS, PARTITION), losses(*moved), strict=True):
        torch.testing.assert_close(first, second)


def test_objects_that_are_absent_do_not_matter():
    logits, counts_logits, states = ARGUMENTS
    is_absent = (PARTITION < 0).unsqueeze(2)
    others = logits.masked_fill(is_absent, 9), counts_logits, states.masked_fill(is_absent, -9)

    for first, second in zip(
        losses(*ARGUMENTS, PARTITION), losses(*others, PARTITION), strict=True
    ):
        torch.testing.assert_close(first, second)
