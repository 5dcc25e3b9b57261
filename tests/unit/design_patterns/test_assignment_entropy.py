import math

import pytest
import torch
from torch import nn

from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.batch import Batch
from dcrf.design_patterns.assignment_entropy import AssignmentEntropy
from dcrf.mappings.mapping import TrainableMapping
from tests.cases.tiny import CASES, World

PATTERN = AssignmentEntropy(assignment=ClassProbabilities(TrainableMapping([nn.Identity()]), 3))


def loss_of(logits):
    return PATTERN(Batch(torch.arange(len(logits)), logits))["negative_entropy"]


def test_sure_samples_in_even_clusters_lose_nothing():
    assert loss_of(100 * torch.eye(3)).item() == pytest.approx(0, abs=1e-6)


def test_all_samples_in_one_cluster_lose_log_k():
    assert loss_of(100 * torch.eye(3)[[1, 1, 1, 1]]).item() == pytest.approx(math.log(3))


def test_the_entropy_is_that_of_the_view_that_the_entry_names():
    world = World({**CASES["assignment_entropy"], "batch_augmentation_name": "shifted"})
    p = world.pattern.assignment(world.data.views["shifted"][:6]).exp().mean(dim=0)
    expected = math.log(3) + (p * p.log()).sum()

    torch.testing.assert_close(world.losses(torch.arange(6))["negative_entropy"], expected)
