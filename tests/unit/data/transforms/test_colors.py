"""Colors against torchvision's functions, image by image, for the same factors."""

import pytest
import torch
from torchvision.transforms import functional as TF

from dcrf.data.transforms import colors
from dcrf.errors import DataError

ADJUSTMENTS = {
    "brightness": (colors.adjust_brightness, TF.adjust_brightness, (0, 2)),
    "contrast": (colors.adjust_contrast, TF.adjust_contrast, (0, 2)),
    "saturation": (colors.adjust_saturation, TF.adjust_saturation, (0, 2)),
    "hue": (colors.adjust_hue, TF.adjust_hue, (-0.5, 0.5)),
}


def images(channels):
    generator = torch.Generator().manual_seed(0)
    samples = torch.rand(10, channels, 6, 7, generator=generator)
    samples[0, :] = 0.3  # gray, without a hue
    samples[1] = samples[1].round()  # ties between channels
    return samples


@pytest.mark.parametrize("name", ADJUSTMENTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_adjustments_equal_torchvision(name, channels):
    ours, theirs, bounds = ADJUSTMENTS[name]
    samples, factors = images(channels), torch.linspace(*bounds, 10)
    expected = [theirs(image, float(f)) for image, f in zip(samples, factors, strict=True)]

    torch.testing.assert_close(ours(samples, factors), torch.stack(expected), atol=1e-5, rtol=0)


def test_the_hue_of_nearly_gray_images_is_rotated():
    nearly_gray = 0.5 + 1e-4 * images(3)
    expected = torch.stack([TF.adjust_hue(image, 0.3) for image in nearly_gray])
    rotated = colors.adjust_hue(nearly_gray, torch.full((10,), 0.3))

    torch.testing.assert_close(rotated, expected, atol=2e-6, rtol=0)
    assert (rotated - nearly_gray)[2:].abs().amax() > 5e-5


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


def test_jitter_changes_every_image_in_its_own_order():
    samples, ranges = images(3), ((0.5, 1.5), None, (0.2, 1.9), (-0.4, 0.4))
    jittered = colors.jitter(samples, ranges, torch.Generator().manual_seed(3))
    again = torch.Generator().manual_seed(3)
    orders = torch.rand(10, 4, generator=again).argsort(dim=1)
    theirs = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation, TF.adjust_hue)
    factors = [torch.empty(10).uniform_(*(bounds or (0, 0)), generator=again) for bounds in ranges]
    expected = list(samples)
    for i, order in enumerate(orders.tolist()):
        for number in order:
            if ranges[number] is not None:
                expected[i] = theirs[number](expected[i], factors[number][i].item())

    assert len({tuple(order) for order in orders.tolist()}) > 5
    torch.testing.assert_close(jittered, torch.stack(expected), atol=1e-5, rtol=0)


def levels(channels):
    """Images of whole levels: noise of little contrast, one level, two, a ramp, few and many."""
    generator = torch.Generator().manual_seed(1)
    levels = torch.randint(90, 140, (6, channels, 24, 30), generator=generator)
    levels[1] = 77
    levels[2] = 255 * (levels[2] > 100)
    levels[3] = torch.arange(24 * 30).view(24, 30) % 256
    levels[4, :, 1:] = levels[4, :, :1]
    levels[5] = torch.randint(256, levels[5].shape, generator=generator)
    return levels.byte()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [1, 3, 8])
def test_posterized_levels_equal_torchvisions(channels, bits):
    samples = levels(channels)

    posterized = colors.posterize(samples / 255, bits)
    torch.testing.assert_close(posterized, TF.posterize(samples, bits) / 255)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [30, 2])  # of 48 pixels, less than one for each level
def test_equalized_levels_equal_torchvisions(channels, size):
    samples = levels(channels)[..., :size]

    assert torch.equal(colors.equalize(samples / 255), TF.equalize(samples) / 255)


def test_levels_of_transparent_images_are_not_changed():
    transparent = torch.zeros(2, 4, 5, 5)

    with pytest.raises(DataError, match="expected images of 1 or 3 channels, got 4"):
        colors.posterize(transparent, 4)
    with pytest.raises(DataError, match="expected images of 1 or 3 channels, got 4"):
        colors.equalize(transparent)
