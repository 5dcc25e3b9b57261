import math

import pytest
import torch
from torch import nn

from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.batch import Batch
from dcrf.design_patterns.information_maximization import InformationMaximization
from dcrf.mappings.mapping import TrainableMapping
from tests.cases.tiny import CASES, World

PATTERN = InformationMaximization(
    assignment=ClassProbabilities(TrainableMapping([nn.Identity()]), 3)
)


def losses_of(logits):
    return PATTERN(Batch(torch.arange(len(logits)), logits))


def test_certain_samples_in_even_clusters_lose_nothing():
    for loss in losses_of(100 * torch.eye(3)).values():
        assert loss.item() == pytest.approx(0, abs=1e-6)


def test_certain_samples_in_one_cluster_lose_the_marginal_entropy_only():
    losses = losses_of(100 * torch.eye(3)[[1, 1, 1, 1]])

    assert losses["conditional_entropy"].item() == pytest.approx(0, abs=1e-6)
    assert losses["negative_marginal_entropy"].item() == pytest.approx(math.log(3))


def test_undecided_samples_lose_the_conditional_entropy_only():
    losses = losses_of(torch.zeros(4, 3))

    assert losses["conditional_entropy"].item() == pytest.approx(math.log(3))
    assert losses["negative_marginal_entropy"].item() == pytest.approx(0, abs=1e-6)


def test_log_k_minus_both_is_the_mutual_information():
    world = World({**CASES["information_maximization"], "batch_augmentation_name": "shifted"})
    p = world.pattern.assignment(world.data.views["shifted"][:6]).exp().tolist()
    shares = [sum(row[j] for row in p) / 6 for j in range(3)]
    information = sum(q * math.log(q / shares[j]) / 6 for row in p for j, q in enumerate(row))

    losses = world.losses(torch.arange(6))

    assert math.log(3) - sum(losses.values()).item() == pytest.approx(information, rel=1e-5)
