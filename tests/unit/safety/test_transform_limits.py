"""The size of a transform's result is predicted, and oversized results are refused."""

import pickle

import pytest
import torch
from PIL import Image
from torchvision import transforms as tv
from torchvision.transforms import functional as TF

from dcrf.data.transforms.build import build_transforms
from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams
from dcrf.safety import transform_limits as growth
from dcrf.safety.limits import SAMPLE_VALUES
from dcrf.safety.transform_limits import GROWING, check_growth
from dcrf.schema.allowed_names import TRANSFORMS

HONEST = [
    *({"type": "Resize", "size": size} for size in (8, [8], [9, 30], [1, 40])),
    *({"type": "Pad", "padding": padding} for padding in (3, [3], [3, 5], [1, 2, 3, 4], -2)),
    *({"type": "CenterCrop", "size": size} for size in (4, 40, [2, 40])),
    {"type": "RandomCrop", "size": 7},
    {"type": "RandomCrop", "size": [30, 5], "pad_if_needed": True},
    {"type": "RandomCrop", "size": [12, 14], "padding": [4, 6]},
    {"type": "RandomResizedCrop", "size": [30, 5]},
    {"type": "RandomRotation", "degrees": [45, 45], "expand": True},
    {"type": "GaussianBlur", "kernel_size": [5, 3]},
    {"type": "ElasticTransform", "sigma": 1.0},
]
FAR_TOO_LARGE = [
    {"type": "Resize", "size": 90_000},
    {"type": "Resize", "size": [1, 90_000_000]},
    {"type": "Pad", "padding": 90_000},
    {"type": "Pad", "padding": [0, 0, 0, 90_000_000]},
    {"type": "CenterCrop", "size": 90_000},
    {"type": "RandomCrop", "size": 15_000, "pad_if_needed": True},
    {"type": "RandomCrop", "size": 8, "padding": 90_000},
    {"type": "RandomResizedCrop", "size": [90_000, 800]},
    {"type": "GaussianBlur", "kernel_size": [100_000_001, 1]},
    {"type": "ElasticTransform", "sigma": 1e12},
]


@pytest.mark.parametrize("entry", HONEST, ids=str)
@pytest.mark.parametrize("size", [(10, 12), (12, 10), (10, 10)])
def test_what_is_foreseen_holds_the_result(entry, size):
    (transform,) = build_transforms([entry])
    image = Image.new("RGB", size)

    made = transform(image)

    tall, wide = growth._largest(transform, size[1], size[0])
    assert tall >= made.height
    assert wide >= made.width
    if entry["type"] not in ("RandomRotation", "RandomCrop"):
        assert tall * wide <= 4 * max(made.height, size[1]) * max(made.width, size[0])


@pytest.mark.parametrize("entry", FAR_TOO_LARGE, ids=str)
@pytest.mark.parametrize("within", ["alone", "RandomOrder", "Compose", "RandomApply"])
def test_far_too_large_is_refused_in_images_tensors_and_batches(entry, within):
    entries = [entry]
    if within != "alone":
        entries = [{"type": within, "transforms": entries}]
        entries[0] |= {"p": 1.0} if within == "RandomApply" else {}

    for example in (torch.zeros(1, 8, 8), torch.zeros(3, 8, 8, dtype=torch.uint8)):
        with pytest.raises(DataError, match=r"it would produce|half of a kernel"):
            View(entries, RandomStreams(0), example)


def test_what_is_applied_by_chance_is_refused_when_chance_has_it():
    pad = {"type": "RandomApply", "transforms": [{"type": "Pad", "padding": 90_000}], "p": 1e-9}
    view = View([pad], RandomStreams(0), torch.zeros(1, 8, 8))
    (apply,) = view._transforms
    apply.p = 1.0

    assert view.is_batched
    with pytest.raises(DataError, match="it would produce"):
        view.transform_batch(torch.zeros(2, 1, 8, 8), ())


def test_small_steps_do_not_add_up_to_a_large_one():
    entries = [{"type": "Pad", "padding": 2000}] * 5

    with pytest.raises(DataError, match="12008 x 12008 of an image of 8008 x 8008"):
        View(entries, RandomStreams(0), torch.zeros(1, 8, 8))


def test_the_bound_is_exact():
    side = int(SAMPLE_VALUES**0.5)
    image = torch.zeros(1).expand(1, 8, 8)

    check_growth(tv.Resize([side, side]), image)
    with pytest.raises(ValueError, match="it would produce"):
        check_growth(tv.Resize([side, side + 1]), image)
    with pytest.raises(ValueError, match="it would produce"):
        check_growth(tv.Resize([side, side]), image.expand(2, 8, 8))


def test_a_blur_may_take_some_time_and_no_hours():
    image = torch.zeros(1).expand(1, 1024, 1024)

    check_growth(tv.GaussianBlur(89), image)
    with pytest.raises(ValueError, match="products"):
        check_growth(tv.GaussianBlur(91), image)
    with pytest.raises(ValueError, match="products"):
        check_growth(tv.ElasticTransform(sigma=50.0), image)


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "RandAugment", "num_ops": 10**9},
        {"type": "RandAugment", "num_magnitude_bins": 10**11},
        {"type": "TrivialAugmentWide", "num_magnitude_bins": 10**11},
        {"type": "AugMix", "mixture_width": 10**9},
        {"type": "AugMix", "chain_depth": 10**9},
    ],
)
def test_augmentations_of_endless_steps_are_refused(entry):
    with pytest.raises(DataError, match="at most"):
        build_transforms([entry])


def test_every_class_that_takes_a_size_is_known():
    sized = {"size", "padding", "kernel_size", "sigma", "expand"}
    taking = {
        name
        for name, cls in TRANSFORMS.items()
        if sized & set(cls.__init__.__code__.co_varnames)
    }  # fmt: skip

    assert taking == {cls.__name__ for cls in GROWING}


def test_transforms_can_still_be_sent_to_workers():
    transforms = build_transforms([{"type": "Resize", "size": 4}])
    (resize,) = pickle.loads(pickle.dumps(transforms))

    assert resize(TF.to_pil_image(torch.zeros(1, 8, 8))).size == (4, 4)
    with pytest.raises(ValueError, match="it would produce"):
        resize(Image.new("L", (1, 20_000_000)))
