import math

import pytest
import torch

from tests.cases.tiny import CASES, World

STEM = "mixture_variational_bound"
N = 9


def slow_divergence(world):
    """Every sample, component and dimension in turn, as in the bound of VaDE."""
    noise = torch.randn(N, 2, generator=torch.Generator().manual_seed(0)).double()
    mixture, total = world.strategy.mixture, 0.0
    means, deviations = mixture.means.tolist(), mixture.factors().tolist()
    weights = mixture.log_weights().exp().tolist()
    for i, sample in enumerate(world.data.samples[:N]):
        mean = world.mappings["encoder"](sample[None])[0].tolist()
        variance = world.mappings["log_variance"](sample[None])[0].exp().tolist()
        code = [
            m + math.sqrt(v) * e.item() for m, v, e in zip(mean, variance, noise[i], strict=True)
        ]
        joint = []
        for mu, sigma, weight in zip(means, deviations, weights, strict=True):
            density = weight
            for z, m, s in zip(code, mu, sigma, strict=True):
                density *= math.exp(-((z - m) ** 2) / (2 * s * s)) / (s * math.sqrt(2 * math.pi))
            joint.append(density)
        for c, density in enumerate(joint):
            gamma = density / sum(joint)
            for m, v, mu, s in zip(mean, variance, means[c], deviations[c], strict=True):
                total += gamma / 2 * (math.log(s * s) + v / (s * s) + (m - mu) ** 2 / (s * s))
            total -= gamma * math.log(weights[c] / gamma)
        total -= sum(1 + math.log(v) for v in variance) / 2
    return total / N


def test_the_divergence_has_all_terms_of_the_bound():
    world = World(CASES[STEM], torch.float64)
    scales = torch.tensor([[0.2, 1.0], [-0.5, 0.4], [2.0, 1.5]]).double()
    world.strategy.mixture.scales.data = scales

    loss = world.losses(torch.arange(N))["divergence"]

    assert loss.item() == pytest.approx(slow_divergence(world))


def test_the_reconstruction_is_that_of_a_variational_autoencoder():
    world, other = World(CASES[STEM]), World({**CASES[STEM], "pattern": "variational_bound"})

    assert (
        world.losses(torch.arange(N))["reconstruction"]
        == other.losses(torch.arange(N))["reconstruction"]
    )


def test_the_divergence_trains_means_covariances_and_weights():
    world = World(CASES[STEM])
    world.losses(torch.arange(N))["divergence"].backward()

    assert all(p.grad.any() for p in world.strategy.owned().parameters())
    assert all(p.grad.any() for p in world.mappings["log_variance"].parameters())
    assert all(p.grad is None for p in world.mappings["decoder"].parameters())
