"""Pixels against torchvision's functions, image by image, for the same parameters."""

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from dcrf.data.transforms import geometry
from dcrf.errors import DataError

MODES = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=12, channels=3, height=17, width=22):
    return torch.rand(n, channels, height, width, generator=generator())


def assert_same_pixels(warped, expected, mode):
    """With nearest, a point halfway between two pixels may take either, within rounding."""
    if mode == "nearest":
        assert ((warped - expected).abs() > 1e-5).float().mean() < 0.002
    else:
        torch.testing.assert_close(warped, expected, atol=2e-4, rtol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", [0.0, 0.5, [0.1, 0.2, 0.3]])
@pytest.mark.parametrize("center", [None, [3, 5]])
def test_affine_warps_equal_torchvision(mode, fill, center):
    samples, n, g = images(), 12, generator(1)
    angle = geometry.draw_uniform((-170, 170), n, g)
    translation = geometry.draw_uniform((-6, 6), 2 * n, g).round().view(n, 2)
    scale = geometry.draw_uniform((0.5, 1.6), n, g)
    shear = geometry.draw_uniform((-30, 30), 2 * n, g).view(n, 2)
    middle = torch.tensor([11.0, 8.5], dtype=torch.float64)
    offset = torch.zeros(2).double() if center is None else torch.tensor(center) - middle
    matrices = geometry.affine_matrices(angle, translation, scale, shear, offset)
    warped = geometry.warp(samples, geometry.affine_grid(matrices, samples), mode, fill)
    fills = [fill] * 3 if isinstance(fill, float) else fill
    expected = [
        TF.affine(
            samples[i], angle[i].item(), translation[i].tolist(), scale[i].item(),
            shear[i].tolist(), MODES[mode], fills, center,
        )
        for i in range(n)
    ]  # fmt: skip

    assert_same_pixels(warped, torch.stack(expected), mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", [0.0, 0.7])
def test_perspective_warps_equal_torchvision(mode, fill):
    samples = images()
    corners = geometry.draw_corners(samples.shape, 0.6, generator(2))
    warped = geometry.warp(samples, geometry.perspective_grid(corners, samples), mode, fill)
    start = [[0, 0], [21, 0], [21, 16], [0, 16]]
    expected = [
        TF.perspective(image, start, corner.tolist(), MODES[mode], [fill] * 3)
        for image, corner in zip(samples, corners, strict=True)
    ]

    assert_same_pixels(warped, torch.stack(expected), mode)


@pytest.mark.parametrize("mode", MODES)
def test_collinear_corners_leave_an_image_of_nearly_all_fill(mode):
    samples = images(3)
    line = [[0, 0], [9, 9], [5, 5], [2, 2]]
    point = [[4, 4]] * 4
    corners = torch.tensor([line, point, [[0, 0], [21, 0], [21, 16], [0, 16]]])
    warped = geometry.warp(samples, geometry.perspective_grid(corners, samples), mode, 0.25)

    assert warped.isfinite().all()
    assert (warped[:2] == 0.25).float().mean() > 0.9
    torch.testing.assert_close(warped[2], samples[2], atol=1e-4, rtol=0)


def test_coordinates_are_bounded_for_nearly_collinear_corners():
    """Unbounded ones may overflow as pixel indices."""
    corners = torch.tensor([[[0, 0], [11, 8], [21, 16], [0, 16]]])

    assert geometry.perspective_grid(corners, images(1)).abs().amax() < 10


def test_integers_reach_both_ends():
    drawn = geometry.draw_integers(2, torch.full((500,), 4), 500, generator())

    assert set(drawn.tolist()) == {2, 3, 4}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", [[0, 0], [0.1, 0.2]])
def test_fills_for_other_channels_are_an_error(mode, fill):
    grid = torch.zeros(12, 17, 22, 2)

    with pytest.raises(DataError, match="expected 1 or 3 channel values, got 2"):
        geometry.warp(images(), grid, mode, fill)


@pytest.mark.parametrize("mode", MODES)
def test_warps_leave_their_images_as_they_are(mode):
    samples = images()
    before = samples.clone()
    corners = geometry.draw_corners(samples.shape, 0.6, generator())
    geometry.warp(samples, geometry.perspective_grid(corners, samples), mode, 0)

    assert torch.equal(samples, before)
