"""Colours against torchvision's functions, image by image, for the same factors."""

import pytest
import torch
from torchvision.transforms import functional as TF

from dcrf.data import batched_colors as colors

ADJUSTMENTS = {
    "brightness": (colors.adjust_brightness, TF.adjust_brightness, (0, 2)),
    "contrast": (colors.adjust_contrast, TF.adjust_contrast, (0, 2)),
    "saturation": (colors.adjust_saturation, TF.adjust_saturation, (0, 2)),
    "hue": (colors.adjust_hue, TF.adjust_hue, (-0.5, 0.5)),
}


def images(channels):
    generator = torch.Generator().manual_seed(0)
    samples = torch.rand(10, channels, 6, 7, generator=generator)
    samples[0, :] = 0.3  # grey: its hue is nowhere
    samples[1] = samples[1].round()  # ties between channels
    return samples


@pytest.mark.parametrize("name", ADJUSTMENTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_adjustments_equal_torchvision(name, channels):
    ours, theirs, bounds = ADJUSTMENTS[name]
    samples, factors = images(channels), torch.linspace(*bounds, 10)
    expected = [theirs(image, float(f)) for image, f in zip(samples, factors, strict=True)]

    torch.testing.assert_close(ours(samples, factors), torch.stack(expected), atol=1e-5, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_grayscale_equals_torchvision(channels):
    samples = images(channels)

    torch.testing.assert_close(colors.grayscale(samples), TF.rgb_to_grayscale(samples))


def test_jitter_with_one_adjustment_applies_it_with_factors_of_the_range():
    samples = torch.full((200, 1, 2, 2), 0.5)
    ranges = ((0.4, 1.6), None, None, None)
    means = colors.jitter(samples, ranges, torch.Generator().manual_seed(0)).mean(dim=(1, 2, 3))

    assert 0.2 <= means.min() < 0.23
    assert 0.77 < means.max() <= 0.8


def test_jitter_without_ranges_changes_nothing():
    samples = images(3)

    assert torch.equal(colors.jitter(samples, (None,) * 4, torch.Generator()), samples)
