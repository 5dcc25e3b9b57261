"""Equivalents for batches draw from the distributions that torchvision draws from."""

import pytest
import torch
from scipy.stats import ks_2samp
from torchvision import transforms as tv

from dcrf.data.batched_transforms import EQUIVALENTS, apply_batched, batched
from dcrf.data.transforms import build_transforms
from dcrf.errors import DataError
from dcrf.streams import global_seed

N_DRAWS = 400

# Ranges that are not symmetric about zero, so that a wrong sign shows.
RANDOM = {
    "flip": {"type": "RandomHorizontalFlip", "p": 0.3},
    "vertical flip": {"type": "RandomVerticalFlip", "p": 0.3},
    "crop": {"type": "RandomCrop", "size": [7, 9], "padding": 2, "fill": 0.5},
    "crop if needed": {"type": "RandomCrop", "size": [14, 9], "pad_if_needed": True},
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
    "apply": {
        "type": "RandomApply", "p": 0.7, "transforms": [
            {"type": "RandomHorizontalFlip", "p": 0.8},
            {"type": "ColorJitter", "brightness": 0.4},
        ],
    },
}  # fmt: skip


def example(n=1):
    """One image, n times, no two of whose halves are alike."""
    return torch.rand(1, 3, 11, 12, generator=torch.Generator().manual_seed(3)).expand(n, 3, 11, 12)


def statistics(made):
    """Numbers that change with every parameter: two fixed random projections of the pixels."""
    generator = torch.Generator().manual_seed(4)
    return made.flatten(1) @ torch.rand(made[0].numel(), 2, generator=generator)


def test_every_random_equivalent_is_compared_with_torchvision():
    compared = {type(transform) for transform in build_transforms(RANDOM.values())}

    assert compared == {cls for cls in EQUIVALENTS if cls.__name__.startswith(("Random", "Color"))}


@pytest.mark.parametrize("name", RANDOM)
def test_draws_are_distributed_as_those_of_torchvision(name):
    (transform,) = build_transforms([RANDOM[name]])
    ours = apply_batched([transform], example(N_DRAWS), torch.Generator().manual_seed(0))
    with global_seed(1):
        theirs = torch.stack([transform(example()[0]) for _ in range(N_DRAWS)])

    assert ours.shape == theirs.shape
    for our, their in zip(statistics(ours).T, statistics(theirs).T, strict=True):
        assert ks_2samp(our, their).pvalue > 0.01


@pytest.mark.parametrize("name", RANDOM)
def test_everything_is_computed_on_the_device_of_the_images(name):
    (transform,) = build_transforms([RANDOM[name]])
    generator = torch.Generator().manual_seed(0)
    made = apply_batched([transform], example(20).to("meta"), generator)

    assert made.device.type == "meta"


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "ToTensor"},
        {"type": "CenterCrop", "size": 5},
        {"type": "CenterCrop", "size": [14, 9]},
        {"type": "Normalize", "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]},
        {"type": "Resize", "size": 7},
        {"type": "Resize", "size": [20, 5]},
        {"type": "Resize", "size": 7, "max_size": 8},
    ],
)
def test_fixed_equivalents_give_what_torchvision_gives(entry):
    (transform,) = build_transforms([entry])
    found = apply_batched([transform], example(3), torch.Generator())

    assert torch.equal(found, torch.stack([transform(example()[0])] * 3))


def test_each_image_has_a_draw_of_its_own():
    transforms = build_transforms([{"type": "RandomRotation", "degrees": 90}])
    made = apply_batched(transforms, example(20), torch.Generator().manual_seed(0))

    assert len({row.numpy().tobytes() for row in made}) == 20


def test_translations_are_by_whole_pixels():
    entry = {"type": "RandomAffine", "degrees": 0, "translate": [0.3, 0.3]}
    transforms = build_transforms([{**entry, "interpolation": "bilinear"}])
    steps = torch.arange(100.0).view(1, 1, 10, 10).expand(20, 1, 10, 10)
    made = apply_batched(transforms, steps, torch.Generator().manual_seed(0))

    torch.testing.assert_close(made, made.round(), atol=1e-3, rtol=0)


def test_images_that_are_not_chosen_stay_as_they_are():
    transforms = build_transforms([{"type": "RandomPerspective", "p": 0.5}])
    made = apply_batched(transforms, example(50), torch.Generator().manual_seed(0))
    same = (made == example(50)).flatten(1).all(1).sum()

    assert 10 < same < 40


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "GaussianBlur", "kernel_size": 3},
        {"type": "RandomRotation", "degrees": 5, "expand": True},
        {"type": "RandomRotation", "degrees": 5, "interpolation": "bicubic"},
        {"type": "RandomAffine", "degrees": 5, "interpolation": "bicubic"},
        {"type": "RandomResizedCrop", "size": 5, "interpolation": "bicubic"},
        {"type": "RandomResizedCrop", "size": 5, "interpolation": "nearest"},
        {"type": "RandomResizedCrop", "size": 5, "antialias": False},
        {"type": "Resize", "size": 5, "interpolation": "nearest"},
        {"type": "RandomCrop", "size": 5, "padding": 1, "fill": [1, 2, 3]},
        {"type": "RandomApply", "transforms": [{"type": "RandomErasing"}]},
    ],
)
def test_arguments_without_an_equivalent_are_left_to_torchvision(entry):
    assert batched(build_transforms([{"type": "ToTensor"}, entry]), from_images=True) is None


@pytest.mark.parametrize("fill", [51, [51, 51, 51]])
def test_a_fill_before_to_tensor_is_one_of_256_levels(fill):
    rotation = {"type": "RandomRotation", "degrees": [45, 45], "fill": fill}
    image = tv.ToPILImage()(torch.ones(3, 8, 8))
    entries = [{"type": "RandomApply", "transforms": [rotation], "p": 1}, {"type": "ToTensor"}]
    transforms = build_transforms(entries)
    corner = transforms[1](transforms[0](image))[:, 0, 0]
    ready = batched(transforms, from_images=True)
    made = apply_batched(ready, torch.ones(2, 3, 8, 8), torch.Generator())

    torch.testing.assert_close(made[0, :, 0, 0], corner)
    torch.testing.assert_close(corner, torch.full((3,), 0.2))


@pytest.mark.parametrize(
    ("entries", "from_images"),
    [
        (
            [{"type": "ToTensor"}, {"type": "RandomRotation", "degrees": [45, 45], "fill": 0.3}],
            True,
        ),
        (
            [{"type": "RandomRotation", "degrees": [45, 45], "fill": 0.3}, {"type": "ToTensor"}],
            False,
        ),
    ],
)
def test_a_fill_of_tensors_is_taken_as_it_is(entries, from_images):
    ready = batched(build_transforms(entries), from_images)
    made = apply_batched(ready, torch.ones(2, 1, 8, 8), torch.Generator())

    assert made[0, 0, 0, 0] == pytest.approx(0.3)


def test_a_change_of_size_by_chance_is_an_error():
    crop = {"type": "RandomCrop", "size": 5}
    transforms = build_transforms([{"type": "RandomApply", "transforms": [crop]}])

    with pytest.raises(DataError, match="has to keep their size"):
        apply_batched(transforms, example(20), torch.Generator().manual_seed(0))


def test_a_crop_larger_than_the_images_is_an_error():
    with pytest.raises(DataError, match="RandomCrop"):
        apply_batched(
            build_transforms([{"type": "RandomCrop", "size": 15}]), example(2), torch.Generator()
        )
