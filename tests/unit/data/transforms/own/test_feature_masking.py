"""Masking of random features."""

import pytest
import torch
from scipy.stats import binomtest

from dcrf.data.transforms.own.feature_masking import FeatureMasking

SAMPLES = 1 + torch.rand(300, 20, generator=torch.Generator().manual_seed(0))


def masked(p, value=0.0, seed=0):
    transform = FeatureMasking(p=p, value=value)
    return transform.apply(SAMPLES, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("p", [0.1, 0.6])
def test_features_are_masked_with_their_probability(p):
    is_masked = masked(p) == 0

    assert binomtest(int(is_masked.sum()), is_masked.numel(), p).pvalue > 0.01
    for at in (0, 7, 19):
        assert binomtest(int(is_masked[:, at].sum()), 300, p).pvalue > 0.001


def test_masks_of_features_are_independent():
    is_masked = masked(0.5) == 0
    both = (is_masked[:, :-1] & is_masked[:, 1:]).sum()

    assert binomtest(int(both), 300 * 19, 0.25).pvalue > 0.01


@pytest.mark.parametrize("value", [0, -3.5])
def test_a_feature_is_unchanged_or_has_the_value(value):
    result = masked(0.4, value)

    assert ((result == SAMPLES) | (result == value)).all()
    assert (result == value).any()


@pytest.mark.parametrize(("p", "expected"), [(0, SAMPLES), (1, torch.zeros(300, 20))])
def test_the_ends_of_the_range(p, expected):
    assert torch.equal(masked(p), expected)


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_a_probability_out_of_range_is_an_error(p):
    with pytest.raises(ValueError, match=f"p is {p}, expected a number from 0 to 1"):
        FeatureMasking(p=p)


def test_a_value_must_be_a_number():
    with pytest.raises(ValueError, match="value is 'mean', expected a number"):
        FeatureMasking(p=0.5, value="mean")
