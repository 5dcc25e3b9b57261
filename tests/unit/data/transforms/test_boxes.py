"""Boxes and their pixels against torchvision, image by image."""

import pytest
import torch
from scipy.stats import ks_2samp, kstest
from torchvision.transforms import RandomErasing, RandomResizedCrop
from torchvision.transforms import functional as TF

from dcrf.data.transforms import boxes as batched
from dcrf.errors import DataError
from dcrf.randomness import global_seed

N_DRAWS = 600


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=12, channels=3, height=17, width=22):
    return torch.rand(n, channels, height, width, generator=generator())


def one_by_one(change, samples, boxes):
    """Apply `change(image, top, left, height, width)` to every image."""
    return torch.stack(
        [
            change(image, *map(int, box))
            for image, box in zip(samples, zip(*boxes, strict=True), strict=True)
        ]
    )


@pytest.mark.parametrize("size", [(17, 22), (8, 8), (30, 41)])
def test_crops_are_resized_as_torchvision_does(size):
    samples = images()
    boxes = batched.draw_resized_crops(samples.shape, (0.05, 1), (0.5, 2), generator())
    expected = one_by_one(
        lambda image, *box: TF.resized_crop(image, *box, list(size), antialias=True), samples, boxes
    )

    resized = batched.resize_crops(samples, boxes, size)
    torch.testing.assert_close(resized, expected, atol=1e-5, rtol=0)


def test_crops_are_cut_as_torchvision_does():
    samples = images()
    boxes = batched.draw_crops(samples.shape, (5, 9), generator())

    assert torch.equal(batched.crop(samples, boxes), one_by_one(TF.crop, samples, boxes))


@pytest.mark.parametrize("ratio", [(3.0, 4.0), (0.2, 0.25)])
def test_the_largest_central_box_is_drawn_if_none_fits(ratio):
    boxes = batched.draw_resized_crops(torch.Size([3, 1, 20, 20]), (1, 1), ratio, generator())
    expected = RandomResizedCrop.get_params(torch.zeros(1, 20, 20), (1, 1), ratio)

    assert [value.tolist() for value in boxes] == [[side] * 3 for side in expected]


# Small and high boxes; large ones, of which many do not fit; ones often less than a pixel high.
@pytest.mark.parametrize(
    ("scale", "ratio"),
    [((0.02, 0.33), (1.2, 3.3)), ((0.6, 1.0), (0.2, 1.5)), ((0.0, 0.01), (0.3, 3.3))],
)
def test_erased_boxes_are_distributed_as_those_of_torchvision(scale, ratio):
    ours = batched.draw_erased_boxes(torch.Size([N_DRAWS, 1, 11, 12]), scale, ratio, generator(5))
    image = torch.zeros(1, 11, 12)
    with global_seed(6):
        drawn = [RandomErasing.get_params(image, scale, ratio, [0.0])[:4] for _ in range(N_DRAWS)]
    top, left, height, width = torch.tensor(drawn).unbind(1)
    height = height * (height < 11)  # where nothing fits, torchvision puts the image on itself

    for our, their in zip(ours, (top, left, height, width), strict=True):
        kept, theirs = our[ours.height > 0], their[height > 0]
        assert ks_2samp(kept, theirs).pvalue > 0.01
    assert ks_2samp(ours.height, height).pvalue > 0.01


@pytest.mark.parametrize("value", [0, 0.3, [0.1, 0.2, 0.3], [0.7]])
def test_boxes_are_erased_as_torchvision_does(value):
    samples = images()
    boxes = batched.draw_erased_boxes(samples.shape, (0.02, 0.9), (0.3, 3), generator())
    boxes.height[3] = 0
    values = torch.tensor(value).view(-1, 1, 1)
    expected = one_by_one(lambda image, *box: TF.erase(image, *box, values), samples, boxes)
    before = samples.clone()

    assert torch.equal(batched.erase(samples, boxes, value, generator()), expected)
    assert torch.equal(samples, before)


def test_random_pixels_are_standard_normal_inside_of_boxes_only():
    samples = images()
    boxes = batched.draw_erased_boxes(samples.shape, (0.1, 0.9), (0.3, 3), generator())
    erased = batched.erase(samples, boxes, "random", generator(1))
    inside = one_by_one(
        lambda image, *box: TF.erase(image, *box, torch.ones(())), torch.zeros(samples.shape), boxes
    ).bool()

    assert torch.equal(erased[~inside], samples[~inside])
    assert len(erased[inside].unique()) > 0.99 * inside.sum() > 500
    assert kstest(erased[inside], "norm").pvalue > 0.01


@pytest.mark.parametrize("channels", [1, 3])
def test_values_for_other_channels_are_an_error(channels):
    samples = images(2, channels)
    boxes = batched.draw_erased_boxes(samples.shape, (0.1, 0.5), (0.5, 2), generator())

    with pytest.raises(DataError, match=f"expected 1 or {channels} channel values, got 2"):
        batched.erase(samples, boxes, [0.1, 0.2], generator())
