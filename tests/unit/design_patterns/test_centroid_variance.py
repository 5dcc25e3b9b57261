import numpy as np
import pytest
import torch

from dcrf.design_patterns.centroid_variance import CentroidVariance
from tests.cases.tiny import CASES, World

WORLD = World(CASES["centroid_variance"])
MIXTURE = World(CASES["mixture_likelihood"]).strategy
BATCH = WORLD.batch(torch.arange(2))


def test_it_is_minus_the_mean_deviation_of_the_centroids():
    expected = -np.std(WORLD.centroids.values.detach().numpy(), axis=0).mean()

    assert WORLD.pattern(BATCH)["negative_deviation"].item() == pytest.approx(expected)


def test_the_means_of_a_mixture_are_centers_too():
    means = MIXTURE.mixture.means
    loss = CentroidVariance(assignment=MIXTURE)(BATCH)["negative_deviation"]
    (gradient,) = torch.autograd.grad(loss, means)

    assert loss.item() == pytest.approx(-np.std(means.detach().numpy(), axis=0).mean())
    assert gradient.any()
