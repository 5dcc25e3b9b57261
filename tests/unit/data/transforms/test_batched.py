"""Equivalents for batches: which transforms have one, and that it agrees with torchvision."""

import pytest
import torch
from torchvision.transforms import functional as TF

from dcrf.data.transforms.batched import apply_batched, batched_transforms
from dcrf.data.transforms.build import ToTensor, build_transforms
from dcrf.errors import DataError

TO_TENSOR = {"type": "ToTensor"}
TURN = {"type": "RandomRotation", "degrees": [45, 45]}
MASK = {"type": "RandomErasing", "p": 0.01}

# Whole levels as Pillow leaves them: the same, or within one, since some of it cuts off decimals.
OF_IMAGES = [
    ({"type": "Grayscale"}, 1),
    ({"type": "Grayscale", "num_output_channels": 3}, 1),
    ({"type": "Pad", "padding": [1, 2, 3, 4], "fill": 37}, 0),
    ({"type": "Pad", "padding": 2, "fill": 37.9}, 0),
    ({"type": "Pad", "padding": [3, 2], "padding_mode": "edge"}, 0),
    ({"type": "Pad", "padding": 4, "padding_mode": "reflect"}, 0),
    ({"type": "Pad", "padding": 4, "padding_mode": "symmetric"}, 0),
    ({"type": "GaussianBlur", "kernel_size": [5, 3], "sigma": 1.3}, 0.501),
    ({"type": "RandomInvert", "p": 1}, 0),
    ({"type": "RandomSolarize", "p": 1, "threshold": 128}, 0),
    ({"type": "RandomSolarize", "p": 1, "threshold": 100.5}, 0),
    ({"type": "RandomSolarize", "p": 1, "threshold": 255}, 0),
    ({"type": "RandomSolarize", "p": 1, "threshold": 0}, 0),
    ({"type": "RandomPosterize", "p": 1, "bits": 3}, 0),
    ({"type": "RandomEqualize", "p": 1}, 0),
    ({"type": "RandomAutocontrast", "p": 1}, 1),
    ({"type": "RandomAdjustSharpness", "p": 1, "sharpness_factor": 2.5}, 2.5),
    ({"type": "RandomAdjustSharpness", "p": 1, "sharpness_factor": 0}, 1),
]


def images(channels):
    """Four images (4, channels, 11, 12) of levels that are all different, all in a middle range."""
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([1.0, 0.7, 0.5, 0.3]).view(4, 1, 1, 1)
    return (torch.rand(4, channels, 11, 12, generator=generator) * 240 * scale + 15).byte()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("entry", "tolerance"), OF_IMAGES)
def test_results_for_images_agree_with_torchvision(entry, tolerance, channels):
    transforms, samples = build_transforms([entry, TO_TENSOR]), images(channels)
    expected = [transforms[0](TF.to_pil_image(image)) for image in samples]
    transformed = apply_batched(
        batched_transforms(transforms, True), samples / 255, torch.Generator()
    )

    expected = torch.stack([ToTensor()(image) for image in expected])
    torch.testing.assert_close(transformed, expected, atol=tolerance / 255 + 1e-6, rtol=0)


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
        {"type": "Pad", "padding": [1, 2], "fill": 0.3},
        {"type": "Pad", "padding": 4, "padding_mode": "symmetric"},
        {"type": "Grayscale"},
        {"type": "RandomSolarize", "p": 1, "threshold": 0.4},
        {"type": "RandomInvert", "p": 1},
        {"type": "RandomAutocontrast", "p": 1},
        {"type": "RandomAdjustSharpness", "p": 1, "sharpness_factor": 2.5},
    ],
)
def test_results_for_tensors_agree_with_torchvision(entry):
    transforms, samples = build_transforms([TO_TENSOR, entry]), images(3) / 255
    transformed = apply_batched(batched_transforms(transforms, True), samples, torch.Generator())
    expected = torch.stack([transforms[1](image) for image in samples])

    torch.testing.assert_close(transformed, expected, atol=1e-6, rtol=0)


def test_transparency_does_not_reach_gray_images():
    transforms, samples = build_transforms([{"type": "Grayscale"}, TO_TENSOR]), images(4)
    transformed = apply_batched(
        batched_transforms(transforms, True), samples / 255, torch.Generator()
    )
    expected = [ToTensor()(transforms[0](TF.to_pil_image(image))) for image in samples]

    torch.testing.assert_close(transformed, torch.stack(expected), atol=1 / 255, rtol=0)


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "RandomRotation", "degrees": 5, "expand": True},
        {"type": "RandomRotation", "degrees": 5, "interpolation": "bicubic"},
        {"type": "RandomAffine", "degrees": 5, "interpolation": "bicubic"},
        {"type": "RandomResizedCrop", "size": 5, "interpolation": "bicubic"},
        {"type": "RandomResizedCrop", "size": 5, "interpolation": "nearest"},
        {"type": "RandomResizedCrop", "size": 5, "antialias": False},
        {"type": "Resize", "size": 5, "interpolation": "nearest"},
        {"type": "RandomCrop", "size": 5, "padding": 1, "fill": [1, 2, 3]},
        {"type": "Pad", "padding": 1, "fill": [1, 2, 3]},
        {"type": "RandomAdjustSharpness", "sharpness_factor": -1},
        {"type": "RandomAdjustSharpness", "sharpness_factor": "high"},
        {"type": "RandomApply", "transforms": [{"type": "RandomChoice", "transforms": []}]},
    ],
)
@pytest.mark.parametrize("from_images", [True, False])
def test_some_arguments_have_no_equivalent(entry, from_images):
    assert batched_transforms(build_transforms([entry]), from_images) is None


@pytest.mark.parametrize(
    "entry",
    [
        MASK,
        {"type": "RandomApply", "transforms": [MASK]},
        {"type": "RandomApply", "transforms": [{"type": "Normalize", "mean": [0], "std": [1]}]},
        {"type": "RandomSolarize", "threshold": 256},
        {"type": "RandomSolarize", "threshold": [1]},
        {"type": "RandomPosterize", "bits": 0},
        {"type": "RandomPosterize", "bits": 4.0},
    ],
)
def test_arguments_that_torchvision_may_reject_for_images_have_no_equivalent(entry):
    assert batched_transforms(build_transforms([entry, TO_TENSOR]), from_images=True) is None


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "RandomSolarize", "threshold": 1.5},
        {"type": "RandomPosterize", "bits": 4},
        {"type": "RandomEqualize"},
        {"type": "Grayscale", "num_output_channels": 3},
    ],
)
def test_arguments_that_torchvision_may_reject_for_tensors_have_no_equivalent(entry):
    assert batched_transforms(build_transforms([TO_TENSOR, entry]), from_images=True) is None
    assert batched_transforms(build_transforms([entry, TO_TENSOR]), from_images=False) is None


def test_erasing_has_an_equivalent_for_tensors():
    assert batched_transforms(build_transforms([TO_TENSOR, MASK]), from_images=True) is not None
    assert batched_transforms(build_transforms([MASK]), from_images=False) is not None


def test_adjacent_levels_are_distinguished_despite_rounding_errors():
    transforms = build_transforms([{"type": "RandomSolarize", "p": 1, "threshold": 128}])
    levels = torch.tensor([127 / 255 + 1e-6, 128 / 255 - 1e-6]).view(1, 1, 1, 2)
    transformed = apply_batched(batched_transforms(transforms, True), levels, torch.Generator())

    assert torch.equal(
        transformed.flatten(), torch.stack([levels[..., 0], 1 - levels[..., 1]]).flatten()
    )


@pytest.mark.parametrize("fill", [51, [51, 51, 51], 51.9])
def test_a_fill_before_to_tensor_is_one_of_256_levels(fill):
    image = TF.to_pil_image(torch.ones(3, 8, 8))
    entries = [{"type": "RandomApply", "transforms": [{**TURN, "fill": fill}], "p": 1}, TO_TENSOR]
    transforms = build_transforms(entries)
    corner = transforms[1](transforms[0](image))[:, 0, 0]
    ready = batched_transforms(transforms, from_images=True)
    transformed = apply_batched(ready, torch.ones(2, 3, 8, 8), torch.Generator())

    torch.testing.assert_close(transformed[0, :, 0, 0], corner)
    torch.testing.assert_close(corner, torch.full((3,), 0.2))


@pytest.mark.parametrize(
    ("entries", "from_images"),
    [([TO_TENSOR, {**TURN, "fill": 0.3}], True), ([{**TURN, "fill": 0.3}, TO_TENSOR], False)],
)
def test_a_fill_of_tensors_is_not_scaled(entries, from_images):
    ready = batched_transforms(build_transforms(entries), from_images)
    transformed = apply_batched(ready, torch.ones(2, 1, 8, 8), torch.Generator())

    assert transformed[0, 0, 0, 0] == pytest.approx(0.3)


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "RandomPerspective", "fill": [0.1, 0.2]},
        {"type": "RandomErasing", "value": [0.1, 0.2]},
    ],
)
def test_values_for_other_channels_are_an_error(entry):
    transforms = batched_transforms(build_transforms([TO_TENSOR, entry]), from_images=True)

    with pytest.raises(DataError, match="expected 1 or 3 channel values, got 2"):
        apply_batched(transforms, images(3) / 255, torch.Generator().manual_seed(0))
