import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from dcrf.design_patterns.component_divergence import ComponentDivergence
from tests.cases.tiny import CASES, World


def test_each_pair_counts_once_from_the_smaller_number():
    world = World(CASES["component_divergence"], torch.float64)
    mixture = world.strategy.mixture
    mixture.scales.data = torch.tensor([[0.2, 1.0], [-0.5, 0.4], [2.0, 1.5]]).double()
    normals = [
        Independent(Normal(mean, deviation), 1)
        for mean, deviation in zip(mixture.means, mixture.factors(), strict=True)
    ]
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = -sum(kl_divergence(normals[i], normals[j]) for i, j in pairs)

    loss = world.losses(torch.arange(2))["negative_divergence"]

    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(
        torch.autograd.grad(loss, [mixture.means, mixture.scales]),
        torch.autograd.grad(expected, [mixture.means, mixture.scales]),
    )


def test_components_of_a_cauchy_mixture_have_no_such_divergence():
    strategy = World(CASES["component_divergence"]).strategy
    strategy.distribution = "cauchy"

    with pytest.raises(ValueError, match='write "distribution": "normal"'):
        ComponentDivergence(assignment=strategy)
