import pytest
import torch
from PIL import Image
from torchvision import transforms as tv

from dcrf.data.transforms.build import ToTensor, build_transforms, is_random, shared_prefix
from dcrf.errors import DataError


def test_entries_become_torchvision_objects_with_their_arguments():
    affine, crop = build_transforms(
        [
            {"type": "RandomAffine", "degrees": 20, "translate": [0.1, 0.2], "fill": 3},
            {"type": "RandomResizedCrop", "positional_arguments": [[8, 6]], "scale": [0.5, 1]},
        ]
    )

    assert isinstance(affine, tv.RandomAffine)
    assert affine.degrees == [-20, 20]
    assert affine.translate == [0.1, 0.2]
    assert affine.fill == 3
    assert isinstance(crop, tv.RandomResizedCrop)
    assert tuple(crop.size) == (8, 6)
    assert tuple(crop.scale) == (0.5, 1)


def test_entries_nest():
    jitter = {"type": "ColorJitter", "brightness": 0.4}
    (apply,) = build_transforms([{"type": "RandomApply", "transforms": [jitter], "p": 0.8}])

    assert apply.p == 0.8
    assert isinstance(apply.transforms[0], tv.ColorJitter)


@pytest.mark.parametrize("value", ["bilinear", 2])
def test_an_interpolation_is_given_by_its_value_or_its_number(value):
    (rotation,) = build_transforms(
        [{"type": "RandomRotation", "degrees": 5, "interpolation": value}]
    )

    assert rotation.interpolation is tv.InterpolationMode.BILINEAR


def test_a_policy_is_given_by_its_value():
    (augment,) = build_transforms([{"type": "AutoAugment", "policy": "cifar10"}])

    assert augment.policy is tv.AutoAugmentPolicy.CIFAR10


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "RandomAffine", "degrees": -3},
        {"type": "RandomAffine"},
        {"type": "Resize", "size": 4, "interpolation": "clever"},
        {"type": "ColorJitter", "hue": 0.7},
        {"type": "RandomPerspective", "p": -1.0},
        {"type": "RandomHorizontalFlip", "p": 1.5},
        {"type": "RandomResizedCrop", "size": 8, "scale": [-0.75, 1.0]},
        {"type": "RandomResizedCrop", "size": 8, "ratio": [0, 1.0]},
    ],
)
def test_refused_arguments_are_an_error_that_names_the_transform(entry):
    with pytest.raises(DataError, match=f"transform {entry['type']} rejects"):
        build_transforms([entry])


def test_to_tensor_leaves_tensors_alone_and_scales_images():
    (to_tensor,) = build_transforms([{"type": "ToTensor"}])
    tensor = torch.rand(3, 4, 4)
    image = Image.new("L", (2, 2), 51)

    assert isinstance(to_tensor, ToTensor)
    assert to_tensor(tensor) is tensor
    torch.testing.assert_close(to_tensor(image), torch.full((1, 2, 2), 0.2))


def test_unknown_transforms_count_as_random():
    fixed = [
        {"type": "ToTensor"},
        {"type": "Resize", "size": 4},
        {"type": "Normalize", "mean": [0], "std": [1]},
        {"type": "Compose", "transforms": [{"type": "CenterCrop", "size": 2}]},
    ]
    drawn = [
        {"type": "RandomCrop", "size": 2},
        {"type": "ColorJitter"},
        {"type": "GaussianBlur", "kernel_size": 3},
        {"type": "AutoAugment"},
        {"type": "Compose", "transforms": [{"type": "RandomErasing"}]},
    ]

    assert not any(map(is_random, build_transforms(fixed)))
    assert all(map(is_random, build_transforms(drawn)))


RESIZE, PAD = {"type": "Resize", "size": 4}, {"type": "Pad", "padding": 2}
FLIP, TENSOR = {"type": "RandomHorizontalFlip"}, {"type": "ToTensor"}


@pytest.mark.parametrize(
    ("views", "shared"),
    [
        ([[RESIZE, PAD, FLIP], [RESIZE, PAD, TENSOR]], [RESIZE, PAD]),
        ([[RESIZE, PAD], [RESIZE]], [RESIZE]),
        ([[RESIZE, PAD, {"type": "Grayscale"}, {"type": "CenterCrop", "size": 2}]], 4),
        ([[RESIZE, TENSOR, PAD], [RESIZE, TENSOR, PAD]], [RESIZE]),
        ([[FLIP, RESIZE], [FLIP, RESIZE]], []),
        ([[RESIZE], [{"type": "Resize", "size": 5}]], []),
        ([None, [RESIZE]], []),
        ([[RESIZE], []], []),
        ([None], []),
    ],
)
def test_views_share_the_fixed_transforms_of_images_that_they_begin_with(views, shared):
    assert shared_prefix(views) == (views[0] if shared == 4 else shared)
