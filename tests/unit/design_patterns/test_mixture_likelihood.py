import math

import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, multivariate_t

from tests.cases.tiny import CASES, World

ENTRY = CASES["mixture_likelihood"]
N = 9
DENSITIES = {
    "normal": multivariate_normal,
    "cauchy": lambda mean, covariance: multivariate_t(mean, covariance, df=1),
}


def loss_of(world):
    return world.losses(torch.arange(N))["negative_log_likelihood"]


@pytest.mark.parametrize("distribution", DENSITIES)
def test_it_is_the_mean_log_likelihood_of_the_features(distribution):
    world = World({**ENTRY, "batch_augmentation_name": "noisy"}, torch.float64)
    world.strategy.distribution = distribution
    features = world.mappings["encoder"](world.data.views["noisy"][:N]).detach().numpy()
    mixture = world.strategy.mixture
    weights, factors = mixture.log_weights().exp().tolist(), mixture.factors().detach().numpy()
    logs = [
        DENSITIES[distribution](mean, factor * factor).logpdf(features) + math.log(weight)
        for mean, factor, weight in zip(
            mixture.means.detach().numpy(), factors, weights, strict=True
        )
    ]

    assert loss_of(world).item() == pytest.approx(-logsumexp(logs, axis=0).mean())


def test_fixed_means_get_no_gradient():
    world = World(ENTRY)
    world.strategy.mixture.means.requires_grad_(False)
    loss_of(world).backward()

    assert world.strategy.mixture.means.grad is None
    assert all(p.grad.any() for p in world.mappings["encoder"].parameters())
