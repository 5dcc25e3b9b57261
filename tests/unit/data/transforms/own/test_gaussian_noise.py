"""Gaussian noise on features."""

import pytest
import torch
from scipy.stats import kstest

from dcrf.data.transforms.own.gaussian_noise import GaussianNoise


def noise(std, shape, seed=0):
    return GaussianNoise(std=std).apply(torch.zeros(shape), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("std", [0.1, 3])
def test_noise_has_a_normal_distribution_of_its_standard_deviation(std):
    drawn = noise(std, (400, 25)).flatten().double()

    assert kstest(drawn.numpy() / std, "norm").pvalue > 0.01


def test_noise_of_samples_and_of_features_is_independent():
    drawn = noise(1.0, (5000, 6)).T
    of_next_sample = drawn.roll(1, 1)
    correlations = torch.corrcoef(torch.cat([drawn, of_next_sample]))

    assert (correlations - torch.eye(12)).abs().max() < 0.06


def test_noise_is_added_to_the_samples():
    samples = torch.arange(12.0).view(4, 3)
    result = GaussianNoise(std=0.5).apply(samples, torch.Generator().manual_seed(3))

    torch.testing.assert_close(result, samples + noise(0.5, (4, 3), seed=3))


def test_a_standard_deviation_of_0_changes_nothing():
    samples = torch.rand(4, 3)

    assert torch.equal(GaussianNoise(std=0).apply(samples, torch.Generator()), samples)


def test_a_negative_standard_deviation_is_an_error():
    with pytest.raises(ValueError, match=r"std is -0\.1, expected a number from 0"):
        GaussianNoise(std=-0.1)
