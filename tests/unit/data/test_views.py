"""Views of batches and of single samples."""

import random

import pytest
import torch
from PIL import Image
from torchvision.transforms import functional as TF

from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

PIXELS = torch.randint(0, 256, (6, 3, 9, 8), generator=torch.Generator().manual_seed(0)).byte()
CROP = {"type": "RandomCrop", "size": 5}
BLUR = {"type": "GaussianBlur", "kernel_size": 3}
CHOICE = {
    "type": "RandomChoice",
    "transforms": [{"type": "Grayscale", "num_output_channels": n} for n in (1, 3)],
}


def view(*entries, seed=0, example=PIXELS[0]):
    return View(entries, RandomStreams(seed), example)


def test_without_entries_images_become_tensors_in_the_unit_interval():
    default = View(None, RandomStreams(0), PIXELS[0])

    assert not default.is_random
    assert torch.equal(default.transform_batch(PIXELS, ()), PIXELS / 255)
    assert torch.equal(default.transform_sample(PIXELS[2], ()), PIXELS[2] / 255)
    assert torch.equal(default.transform_sample(TF.to_pil_image(PIXELS[2]), ()), PIXELS[2] / 255)


def test_a_batch_depends_on_the_draw_and_the_seed():
    crops = view(CROP)

    assert torch.equal(crops.transform_batch(PIXELS, (1, 2)), crops.transform_batch(PIXELS, (1, 2)))
    assert not torch.equal(
        crops.transform_batch(PIXELS, (1, 2)), crops.transform_batch(PIXELS, (1, 3))
    )
    assert not torch.equal(
        crops.transform_batch(PIXELS, (1, 2)), view(CROP, seed=1).transform_batch(PIXELS, (1, 2))
    )


@pytest.mark.parametrize("entry", [BLUR, CHOICE], ids=lambda entry: entry["type"])
def test_single_samples_are_reproducible_and_do_not_change_global_generators(entry):
    drawn = view(entry)
    torch.manual_seed(7)
    random.seed(7)
    expected = torch.rand(3), random.random()
    results = [drawn.transform_sample(PIXELS[0], (1, 0)).numpy().tobytes() for _ in range(3)]
    torch.manual_seed(7)
    random.seed(7)
    results += [drawn.transform_sample(PIXELS[0], (1, n)).numpy().tobytes() for n in range(20)]

    assert len(set(results[:4])) == 1
    assert len(set(results)) > 1
    assert torch.equal(torch.rand(3), expected[0])
    assert random.random() == expected[1]


def test_a_batch_of_a_view_does_not_change_torchs_generator():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    view(CROP).transform_batch(PIXELS, ())

    assert torch.equal(torch.rand(3), expected)


def test_batches_and_single_samples_of_a_fixed_view_are_equal():
    entries = [
        {"type": "CenterCrop", "size": 4},
        {"type": "ToTensor"},
        {"type": "Normalize", "mean": [0.1, 0.2, 0.3], "std": [0.3, 0.4, 0.5]},
    ]
    fixed = view(*entries)

    assert fixed.is_batched
    assert not fixed.is_random
    expected = torch.stack([fixed.transform_sample(pixels, ()) for pixels in PIXELS])
    assert torch.equal(fixed.transform_batch(PIXELS, ()), expected)


def test_a_fixed_view_without_an_exact_equivalent_uses_torchvision():
    assert not view({"type": "Resize", "size": 5}).is_batched
    assert view({"type": "Resize", "size": 5}, CROP).is_batched


def test_a_view_without_equivalents_refuses_batches():
    with pytest.raises(ValueError, match="single samples only"):
        view(CHOICE).transform_batch(PIXELS, ())


def test_erasing_is_refused_before_to_tensor_and_has_an_equivalent_after_it():
    erasing, to_tensor = {"type": "RandomErasing", "p": 1, "value": 0.5}, {"type": "ToTensor"}

    with pytest.raises(DataError, match="transform RandomErasing fails"):
        view(erasing, to_tensor)
    assert not view({**erasing, "p": 0.001}, to_tensor).is_batched
    assert (view(to_tensor, erasing).transform_batch(PIXELS, ()) == 0.5).flatten(1).any(1).all()


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "GaussianBlur", "kernel_size": 3, "sigma": 0.9},
        {"type": "RandomPosterize", "p": 1, "bits": 3},
        {"type": "RandomSolarize", "p": 1, "threshold": 90},
        {"type": "RandomPerspective", "p": 0, "fill": 3},
    ],
)
def test_batches_and_single_samples_agree_if_nothing_is_random(entry):
    drawn = view(entry)
    expected = torch.stack([drawn.transform_sample(pixels, ()) for pixels in PIXELS])

    assert drawn.is_batched
    torch.testing.assert_close(drawn.transform_batch(PIXELS, ()), expected, atol=0.51 / 255, rtol=0)


def test_float_samples_are_not_modified():
    samples = torch.rand(20, 3, 9, 8, generator=torch.Generator().manual_seed(1))
    before = samples.clone()
    jitter = {"type": "ColorJitter", "brightness": 0.5, "hue": 0.1}
    erasing = {"type": "RandomErasing", "p": 1, "inplace": True}
    changed = view(jitter, BLUR, erasing, example=samples[0]).transform_batch(samples, ())

    assert not torch.equal(changed, before)
    assert torch.equal(samples, before)


def test_vectors_pass_through_to_tensor():
    vectors = torch.rand(4, 5)
    plain = view({"type": "ToTensor"}, example=vectors[0])

    assert torch.equal(plain.transform_batch(vectors, ()), vectors)
    assert torch.equal(plain.transform_sample(vectors[1], ()), vectors[1])


def test_transforms_in_place_do_not_modify_the_samples():
    entry = {"type": "Normalize", "mean": [5], "std": [1], "inplace": True}
    samples = torch.zeros(2, 1, 3, 3)
    moved = view(entry, example=samples[0])
    moved.transform_sample(samples[0], ())
    moved.transform_batch(samples, ())

    assert samples.sum() == 0


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"type": "Normalize", "mean": [0], "std": [1]}], "transform Normalize fails"),
        ([{"type": "RandomCrop", "size": 12}], "transform RandomCrop fails"),
        ([{"type": "PILToTensor"}], "into torch.uint8, expected a float tensor.*ToTensor"),
        ([{"type": "RandomAffine", "degrees": -1}], "RandomAffine rejects"),
    ],
)
def test_transforms_that_do_not_fit_are_errors_at_construction(entries, message):
    with pytest.raises(DataError, match=message):
        view(*entries)


def test_transforms_of_images_do_not_fit_vectors():
    with pytest.raises(DataError, match="transform Normalize fails"):
        view({"type": "Normalize", "mean": [0], "std": [1]}, example=torch.rand(5))


@pytest.mark.parametrize(
    ("entry", "samples"),
    [
        ({"type": "RandomGrayscale", "p": 0.2}, torch.zeros(40, 4, 5, 5)),
        ({"type": "RandomHorizontalFlip", "p": 0.2}, torch.zeros(40, 5)),
    ],
)
def test_a_transform_that_fails_with_some_probability_is_an_error(entry, samples):
    with pytest.raises(DataError, match="fail"):
        view(entry, example=samples[0]).transform_batch(samples, ())


def test_random_views_of_images_with_alpha_use_single_samples():
    jitter = {"type": "ColorJitter", "brightness": [0.5, 0.5]}
    pixels = torch.full((4, 3, 3), 200, dtype=torch.uint8)
    jittered = view(jitter, example=pixels)

    assert not jittered.is_batched
    # the alpha channel is not changed
    torch.testing.assert_close(
        jittered.transform_sample(pixels, ())[:, 0, 0] * 255, torch.tensor([100.0] * 3 + [200])
    )


def test_single_images_of_any_mode_can_be_transformed():
    image = Image.new("RGBA", (6, 5), (255, 0, 51, 255))
    values = view({"type": "ToTensor"}, example=image).transform_sample(image, ())

    torch.testing.assert_close(values[:, 0, 0], torch.tensor([1, 0, 0.2, 1]))
