"""Blurring against torchvision's function, image by image, for the same deviations."""

import pytest
import torch
from torchvision.transforms import functional as TF

from dcrf.data.transforms.filters import gaussian_blur, separable


def images(channels=3, height=9, width=12):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(8, channels, height, width, generator=generator)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("width", "height"), [(3, 3), (5, 1), (1, 7), (23, 17), (1, 1)])
def test_blurred_images_equal_torchvisions(channels, width, height):
    samples, sigma = images(channels), torch.linspace(0.1, 4, 8).double()
    expected = [
        TF.gaussian_blur(image, [width, height], s.item())
        for image, s in zip(samples, sigma, strict=True)
    ]

    blurred = gaussian_blur(samples, width, height, sigma)
    torch.testing.assert_close(blurred, torch.stack(expected), atol=1e-6, rtol=0)


def test_a_kernel_too_large_for_the_images_is_an_error_as_in_torchvision():
    with pytest.raises(RuntimeError, match="Padding size"):
        TF.gaussian_blur(images()[0], [3, 19], 1.0)
    with pytest.raises(RuntimeError, match="Padding size"):
        gaussian_blur(images(), 3, 19, torch.ones(8))


def test_a_separable_filter_weighs_rows_and_columns_of_every_image():
    samples = images(2, 2, 3)
    rows = torch.zeros(8, 1, 2)
    rows[:, 0, 1] = torch.arange(8.0)  # image i: the second row, i times
    columns = torch.eye(3).flip(0).expand(8, 3, 3)
    expected = torch.arange(8.0).view(8, 1, 1, 1) * samples[:, :, 1:].flip(3)

    torch.testing.assert_close(separable(samples, rows, columns), expected)
