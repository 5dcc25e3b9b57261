import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.reinforcement import (
    cross_entropy_to_pseudo_labels,
    mean_over_selected_samples,
    one_hot_argmax,
    safe_sqrt,
)


def test_distances_by_hand_with_a_gradient_of_zero_at_zero():
    squared = torch.tensor([0.0, 25.0, 1e12], requires_grad=True)
    roots = safe_sqrt(squared)
    roots.sum().backward()

    assert roots.tolist() == [0, 5, 1e6]
    assert squared.grad.tolist() == pytest.approx([0, 0.1, 5e-7])


def test_gradients_of_distances_are_right():
    assert gradcheck(safe_sqrt, (torch.rand(5, dtype=torch.float64).add(0.1).requires_grad_(),))


def test_each_row_chooses_its_largest_entry():
    chosen = one_hot_argmax(torch.tensor([[1.0, 3.0, 2.0], [-1.0, -3.0, -2.0]]))

    assert chosen.tolist() == [[False, True, False], [True, False, False]]


def test_one_cluster_is_always_chosen():
    assert one_hot_argmax(torch.zeros(3, 1)).tolist() == [[True]] * 3


def test_cross_entropy_belongs_to_the_sample_of_the_pseudo_label():
    log_assignments = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [1.0, 0.0, 0.0]]).log()
    losses = cross_entropy_to_pseudo_labels(log_assignments, torch.tensor([0, 2, 0]))

    assert losses.shape == (3, 1)
    assert losses.flatten().tolist() == pytest.approx([math.log(2), -math.log(0.7), 0])


def test_gradients_of_the_cross_entropy_are_right():
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 2, 1, 1])

    assert gradcheck(
        lambda v: cross_entropy_to_pseudo_labels(v.log_softmax(dim=1), labels), (logits,)
    )


def test_samples_without_a_selected_pair_do_not_count():
    pairs = torch.tensor([[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]])
    selected = torch.tensor([[True, True], [False, False], [False, True]])

    assert mean_over_selected_samples(pairs, selected).item() == (1 + 2 + 32) / 2


def test_it_agrees_with_the_mean_in_loops():
    generator = torch.Generator().manual_seed(0)
    pairs = torch.rand(6, 4, generator=generator, dtype=torch.float64)
    selected = torch.rand(6, 4, generator=generator) < 0.3
    sums = [
        sum(pairs[i, k].item() for k in range(4) if selected[i, k])
        for i in range(6)
        if any(selected[i])
    ]

    assert 0 < len(sums) < 6
    expected = sum(sums) / len(sums)
    assert mean_over_selected_samples(pairs, selected).item() == pytest.approx(expected)


def test_a_loss_of_the_sample_counts_once_per_selected_cluster():
    selected = torch.tensor([[True, False, False], [False, True, True]])

    assert mean_over_selected_samples(torch.tensor([[3.0], [5.0]]), selected).item() == 13 / 2


def test_a_single_true_selects_every_pair():
    assert mean_over_selected_samples(torch.ones(4, 3), torch.tensor(True)).item() == 3


def test_a_single_selected_sample_is_not_averaged():
    selected = torch.tensor([[False, False], [True, False]])

    assert mean_over_selected_samples(torch.full((2, 2), 3.0), selected).item() == 3


def test_no_selected_pair_gives_zero_with_a_graph():
    pairs = torch.tensor([[1.0, math.inf]], requires_grad=True)
    loss = mean_over_selected_samples(pairs, torch.tensor([[False, False]]))
    loss.backward()

    assert loss == 0
    assert pairs.grad.tolist() == [[0, 0]]
