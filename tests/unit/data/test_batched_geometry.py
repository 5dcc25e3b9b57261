"""Pixels against torchvision's functions, image by image, for the same parameters."""

import pytest
import torch
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as TF

from dcrf.data import batched_geometry as geometry

MODES = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=12, channels=3, height=17, width=22):
    return torch.rand(n, channels, height, width, generator=generator())


def assert_same_pixels(found, expected, mode):
    """Nearest takes the other of two pixels where a place is halfway, within rounding."""
    if mode == "nearest":
        assert ((found - expected).abs() > 1e-5).float().mean() < 0.002
    else:
        torch.testing.assert_close(found, expected, atol=2e-4, rtol=0)


@pytest.mark.parametrize("size", [(17, 22), (8, 8), (30, 41)])
def test_crops_are_resized_as_torchvision_does(size):
    samples = images()
    boxes = geometry.draw_resized_crops(samples.shape, (0.05, 1), (0.5, 2), generator())
    found = geometry.resize_crops(samples, boxes, size)
    expected = [
        TF.resized_crop(image, *map(int, box), list(size), antialias=True)
        for image, box in zip(samples, zip(*boxes, strict=True), strict=True)
    ]

    torch.testing.assert_close(found, torch.stack(expected), atol=1e-5, rtol=0)


def test_crops_are_cut_as_torchvision_does():
    samples = images()
    boxes = geometry.draw_crops(samples.shape, (5, 9), generator())
    expected = [
        TF.crop(image, *map(int, box))
        for image, box in zip(samples, zip(*boxes, strict=True), strict=True)
    ]

    assert torch.equal(geometry.crop(samples, boxes), torch.stack(expected))


@pytest.mark.parametrize("ratio", [(3.0, 4.0), (0.2, 0.25)])
def test_where_no_box_fits_the_largest_central_one_is_taken(ratio):
    boxes = geometry.draw_resized_crops(torch.Size([3, 1, 20, 20]), (1, 1), ratio, generator())
    expected = RandomResizedCrop.get_params(torch.zeros(1, 20, 20), (1, 1), ratio)

    assert [value.tolist() for value in boxes] == [[side] * 3 for side in expected]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", [0.0, 0.5, [0.1, 0.2, 0.3]])
@pytest.mark.parametrize("center", [None, [3, 5]])
def test_affine_warps_equal_torchvision(mode, fill, center):
    samples, n, g = images(), 12, generator(1)
    angle = geometry.uniform((-170, 170), n, g)
    translation = geometry.uniform((-6, 6), 2 * n, g).round().view(n, 2)
    scale = geometry.uniform((0.5, 1.6), n, g)
    shear = geometry.uniform((-30, 30), 2 * n, g).view(n, 2)
    middle = torch.tensor([11.0, 8.5], dtype=torch.float64)
    offset = torch.zeros(2).double() if center is None else torch.tensor(center) - middle
    matrices = geometry.affine_matrices(angle, translation, scale, shear, offset)
    found = geometry.warp(samples, geometry.affine_grid(matrices, samples.shape), mode, fill)
    fills = [fill] * 3 if isinstance(fill, float) else fill
    expected = [
        TF.affine(
            samples[i], angle[i].item(), translation[i].tolist(), scale[i].item(),
            shear[i].tolist(), MODES[mode], fills, center,
        )
        for i in range(n)
    ]  # fmt: skip

    assert_same_pixels(found, torch.stack(expected), mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", [0.0, 0.7])
def test_perspective_warps_equal_torchvision(mode, fill):
    samples = images()
    corners = geometry.draw_corners(samples.shape, 0.6, generator(2))
    found = geometry.warp(samples, geometry.perspective_grid(corners, samples.shape), mode, fill)
    start = [[0, 0], [21, 0], [21, 16], [0, 16]]
    expected = [
        TF.perspective(image, start, corner.tolist(), MODES[mode], [fill] * 3)
        for image, corner in zip(samples, corners, strict=True)
    ]

    assert_same_pixels(found, torch.stack(expected), mode)


@pytest.mark.parametrize("mode", MODES)
def test_an_image_whose_corners_lie_on_one_line_is_nearly_all_fill(mode):
    samples = images(3)
    line = [[0, 0], [9, 9], [5, 5], [2, 2]]
    point = [[4, 4]] * 4
    corners = torch.tensor([line, point, [[0, 0], [21, 0], [21, 16], [0, 16]]])
    found = geometry.warp(samples, geometry.perspective_grid(corners, samples.shape), mode, 0.25)

    assert found.isfinite().all()
    assert (found[:2] == 0.25).float().mean() > 0.9
    torch.testing.assert_close(found[2], samples[2], atol=1e-4, rtol=0)


def test_integers_reach_both_ends():
    drawn = geometry.integers(2, torch.full((500,), 4), 500, generator())

    assert set(drawn.tolist()) == {2, 3, 4}
