"""Equivalents for batches draw from the distributions that torchvision draws from."""

import pytest
import torch
from scipy.stats import ks_2samp
from torchvision.transforms import functional as TF

from dcrf.data.transforms.batched import EQUIVALENTS, apply_batched
from dcrf.data.transforms.build import build_transforms
from dcrf.errors import DataError
from dcrf.randomness import global_seed
from dcrf.schema.allowed_names import OWN_TRANSFORMS

N_DRAWS = 400

# Ranges that are not symmetric about zero, so that a wrong sign shows.
RANDOM = {
    "flip": {"type": "RandomHorizontalFlip", "p": 0.3},
    "vertical flip": {"type": "RandomVerticalFlip", "p": 0.3},
    "crop": {"type": "RandomCrop", "size": [7, 9], "padding": 2, "fill": 0.5},
    "crop if needed": {"type": "RandomCrop", "size": [20, 9], "pad_if_needed": True},
    "resized crop": {"type": "RandomResizedCrop", "size": [9, 8], "scale": [0.2, 0.9]},
    "thin resized crop": {"type": "RandomResizedCrop", "size": 6, "ratio": [0.3, 5]},
    "rotation": {"type": "RandomRotation", "degrees": [10, 80]},
    "rotation about a corner": {
        "type": "RandomRotation", "degrees": [10, 40], "center": [0, 3],
        "interpolation": "bilinear", "fill": 0.7,
    },
    "affine": {"type": "RandomAffine", "degrees": [5, 60], "translate": [0.3, 0.1]},
    "affine with scale": {
        "type": "RandomAffine", "degrees": 0, "scale": [0.5, 1.4], "interpolation": "bilinear",
    },
    "affine with shear": {"type": "RandomAffine", "degrees": 0, "shear": [5, 40]},
    "affine with shears": {"type": "RandomAffine", "degrees": 0, "shear": [0, 9, 5, 40]},
    "affine about a corner": {"type": "RandomAffine", "degrees": [0, 30], "center": [0, 0]},
    "perspective": {"type": "RandomPerspective", "distortion_scale": 0.4, "p": 0.6},
    "jitter": {
        "type": "ColorJitter", "brightness": [0.7, 1.6], "contrast": [0.2, 1.7],
        "saturation": [0.1, 1.9], "hue": [0.0, 0.3],
    },
    "grayscale": {"type": "RandomGrayscale", "p": 0.3},
    "blur": {"type": "GaussianBlur", "kernel_size": [5, 7], "sigma": [0.2, 3]},
    "blur of one kind": {"type": "GaussianBlur", "kernel_size": 3, "sigma": 0.8},
    "erasing": {"type": "RandomErasing", "p": 0.8, "value": [0.2, 0.9, 0.4]},
    "erasing with noise": {"type": "RandomErasing", "value": "random", "scale": [0.3, 1]},
    "invert": {"type": "RandomInvert", "p": 0.3},
    "solarize": {"type": "RandomSolarize", "p": 0.7, "threshold": 0.4},
    "autocontrast": {"type": "RandomAutocontrast", "p": 0.3},
    "sharpness": {"type": "RandomAdjustSharpness", "p": 0.3, "sharpness_factor": 2},
    "posterize": {"type": "RandomPosterize", "p": 0.3, "bits": 2},
    "equalize": {"type": "RandomEqualize", "p": 0.3},
    "apply": {
        "type": "RandomApply", "p": 0.7, "transforms": [
            {"type": "RandomHorizontalFlip", "p": 0.8},
            {"type": "ColorJitter", "brightness": 0.4},
        ],
    },
}  # fmt: skip
OF_IMAGES = ("posterize", "equalize")  # which torchvision does to whole levels only


def example(n=1):
    """One image of whole levels, n times, no two of whose halves are alike."""
    pixels = torch.rand(1, 3, 17, 18, generator=torch.Generator().manual_seed(3))
    return ((pixels * 200 + 20).round() / 255).expand(n, 3, 17, 18)


def transformed(name, samples, seed=0):
    transforms = build_transforms([RANDOM[name]])
    return apply_batched(transforms, samples, torch.Generator().manual_seed(seed))


def one_by_one(name):
    """Return torchvision's results for the example, each with new draws."""
    (transform,) = build_transforms([RANDOM[name]])
    (image,) = example()
    with global_seed(1):
        if name in OF_IMAGES:
            levels = TF.convert_image_dtype(image, torch.uint8)
            return torch.stack([transform(levels) for _ in range(N_DRAWS)]) / 255
        return torch.stack([transform(image) for _ in range(N_DRAWS)])


def statistics(images):
    """Numbers that change with every parameter: two fixed random projections of the pixels.

    Rounded, because the sums of equal pixels may differ in their last digits.
    """
    generator = torch.Generator().manual_seed(4)
    return (images.flatten(1) @ torch.rand(images[0].numel(), 2, generator=generator)).round(
        decimals=3
    )


def test_every_random_equivalent_is_compared_with_torchvision():
    compared = {type(transform) for transform in build_transforms(RANDOM.values())}
    chance = ("Random", "Color", "Gaussian")
    of_torchvision = EQUIVALENTS.keys() - set(OWN_TRANSFORMS.values())

    assert compared == {cls for cls in of_torchvision if cls.__name__.startswith(chance)}


@pytest.mark.parametrize("name", RANDOM)
def test_draws_are_distributed_as_those_of_torchvision(name):
    ours, theirs = transformed(name, example(N_DRAWS)), one_by_one(name)

    assert ours.shape == theirs.shape
    for our, their in zip(statistics(ours).T, statistics(theirs).T, strict=True):
        assert ks_2samp(our, their, method="asymp").pvalue > 0.01


@pytest.mark.parametrize("name", RANDOM)
def test_the_same_seed_gives_the_same_bytes_and_leaves_the_images_alone(name):
    samples = example(20).clone()
    first, again, other = (transformed(name, samples, seed) for seed in (5, 5, 6))

    assert torch.equal(first, again)
    assert torch.equal(first, other) == (name == "blur of one kind")
    assert torch.equal(samples, example(20))


@pytest.mark.parametrize(
    "name", ["rotation about a corner", "resized crop", "blur", "erasing with noise"]
)
def test_each_image_has_a_draw_of_its_own(name):
    images = transformed(name, example(20))
    changed = images[(images != example(20)).flatten(1).any(1)] if "erasing" in name else images

    assert len({row.numpy().tobytes() for row in changed}) == len(changed) > 5


@pytest.mark.parametrize("name", RANDOM)
def test_everything_is_computed_on_the_device_of_the_images(name):
    assert transformed(name, example(20).to("meta")).device.type == "meta"


def test_translations_are_by_whole_pixels():
    entry = {"type": "RandomAffine", "degrees": 0, "translate": [0.3, 0.3]}
    transforms = build_transforms([{**entry, "interpolation": "bilinear"}])
    steps = torch.arange(100.0).view(1, 1, 10, 10).expand(20, 1, 10, 10)
    images = apply_batched(transforms, steps, torch.Generator().manual_seed(0))

    torch.testing.assert_close(images, images.round(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("entry", [{"type": "RandomPerspective"}, {"type": "RandomErasing"}])
def test_images_that_are_not_chosen_stay_as_they_are(entry):
    transforms = build_transforms([{**entry, "p": 0.5}])
    images = apply_batched(transforms, example(50), torch.Generator().manual_seed(0))
    same = (images == example(50)).flatten(1).all(1).sum()

    assert 10 < same < 40


def test_nothing_is_erased_if_no_box_fits():
    entry = {"type": "RandomErasing", "p": 1, "scale": [1, 1], "ratio": [1, 1], "inplace": True}
    images = apply_batched(build_transforms([entry]), example(9), torch.Generator())

    assert torch.equal(images, example(9))


def test_a_change_of_size_with_a_probability_below_1_is_an_error():
    crop = {"type": "RandomCrop", "size": 5}
    transforms = build_transforms([{"type": "RandomApply", "transforms": [crop]}])

    with pytest.raises(DataError, match="it must keep their size"):
        apply_batched(transforms, example(20), torch.Generator().manual_seed(0))


def test_a_transform_with_probability_1_may_change_the_size():
    crop = {"type": "RandomCrop", "size": 5}
    transforms = build_transforms([{"type": "RandomApply", "transforms": [crop], "p": 1}])

    assert apply_batched(transforms, example(20), torch.Generator()).shape == (20, 3, 5, 5)


def test_a_crop_larger_than_the_images_is_an_error():
    with pytest.raises(DataError, match="RandomCrop"):
        apply_batched(
            build_transforms([{"type": "RandomCrop", "size": 18}]), example(2), torch.Generator()
        )
