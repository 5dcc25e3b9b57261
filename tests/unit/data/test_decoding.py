"""Decoding of one sample, and of all into one tensor."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms as tv

from dcrf.data.decoding import TransformedSamples, decode_all, read_sample
from dcrf.errors import DataError

PLENTY = 2**20


def picture(mode, size=(5, 4)):
    channels = len(mode)
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
    return Image.fromarray(pixels.squeeze())


def test_images_are_transformed_as_images_even_if_they_are_tensors():
    """Torchvision resizes images and tensors to different pixels; views take images."""
    image, resize = picture("RGB", (50, 40)), tv.Resize(20)
    tensor = tv.functional.pil_to_tensor(image)
    samples = TransformedSamples([image, tensor], [resize])

    assert len(samples) == 2
    assert np.array_equal(np.array(samples[0]), np.array(resize(image)))
    assert np.array_equal(np.array(samples[1]), np.array(resize(image)))
    assert not torch.equal(resize(tensor), tv.functional.pil_to_tensor(samples[1]))


@pytest.mark.parametrize("num_workers", [0, 1, 2])
def test_workers_decode_the_same_in_the_same_order(num_workers):
    samples = [torch.full((2,), float(i)) for i in range(150)]  # more than one task

    assert torch.equal(decode_all(samples, PLENTY, num_workers), torch.stack(samples))
    assert decode_all([*samples, torch.ones(3)], PLENTY, num_workers) is None


def test_decoding_does_not_change_torchs_generator():
    state = torch.get_rng_state()
    decode_all([picture("L")] * 3, PLENTY)

    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_images_of_one_size_are_decoded_without_loss(mode):
    image = picture(mode)
    decoded = decode_all([image, image], PLENTY)

    assert decoded.dtype == torch.uint8
    assert decoded.shape == (2, len(mode), 4, 5)
    assert np.array_equal(decoded[1].permute(1, 2, 0).squeeze().numpy(), np.array(image))


def test_float_tensors_are_decoded_unchanged():
    assert torch.equal(decode_all([torch.ones(3), torch.zeros(3)], PLENTY)[0], torch.ones(3))


def test_a_tensor_is_its_own_decoding():
    samples = torch.rand(3, 2)

    assert decode_all(samples, 0) is samples


@pytest.mark.parametrize(
    "samples",
    [
        [picture("RGB"), picture("RGB", (6, 4))],
        [picture("RGB"), picture("L")],
        [picture("L").convert("1")],
        [picture("L").convert("P"), picture("L")],
        [torch.rand(2), torch.rand(3)],
        [torch.rand(2).double()],
    ],
)
def test_samples_that_do_not_fit_into_one_tensor_are_not_decoded(samples):
    assert decode_all(samples, PLENTY) is None


def test_samples_over_the_budget_are_not_decoded():
    samples = [picture("L")] * 3

    assert decode_all(samples, 59) is None
    assert len(decode_all(samples, 60)) == 3


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_sample_that_cannot_be_decoded_is_named(tmp_path, num_workers):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")

    class Files:
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return picture("L") if index < 3 else Image.open(tmp_path / "broken.png").copy()

    with pytest.raises(DataError, match="sample 3 cannot be decoded") as caught:
        decode_all(Files(), PLENTY, num_workers)
    assert "Traceback" not in str(caught.value)


def test_the_remedy_for_an_image_of_too_many_pixels_is_a_smaller_one(tmp_path, monkeypatch):
    picture("L", (30, 30)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    class Files:
        def __getitem__(self, index):
            return Image.open(tmp_path / "large.png").copy()

    with pytest.raises(DataError, match=r"sample 0 cannot be decoded .*; make it smaller"):
        read_sample(Files(), 0)


def test_a_sample_that_is_neither_image_nor_tensor_is_an_error():
    with pytest.raises(DataError, match="sample 0 is a str"):
        read_sample(["text"], 0)
