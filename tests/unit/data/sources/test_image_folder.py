"""The source `image_folder`: samples, sizes known from headers, and broken images."""

import numpy as np
import pytest
import torch
from PIL import Image

from dcrf.data.decoding import decode_all
from dcrf.data.sources import encoded_images, image_folder
from dcrf.data.sources.image_folder import ImageFolder
from dcrf.errors import DataError, OptionError


def drawn(file, height, width, dtype=np.uint8):
    """Write an image whose pixels depend on its size, and return them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = (np.arange(height * width) * 7 % 251).reshape(height, width).astype(dtype)
    Image.fromarray(pixels).save(file)
    return pixels


def source(root, **options):
    return ImageFolder("own", path=str(root), **options)


def test_samples_are_the_images_in_the_order_of_their_classes(tmp_path):
    pixels = [drawn(tmp_path / name, 4, 5) for name in ("a/1.png", "b/1.png")]

    raw = source(tmp_path).open()
    samples = decode_all(raw.samples, 10**6)

    assert torch.equal(samples, torch.tensor(np.array(pixels))[:, None].expand(-1, 3, -1, -1))
    assert raw.labels.tolist() == [0, 1]
    assert raw.ids == ["a/1.png", "b/1.png"]
    assert list(raw.files) == [str(tmp_path / "a/1.png"), str(tmp_path / "b/1.png")]


def test_images_of_16_bits_keep_their_levels(tmp_path):
    pixels = drawn(tmp_path / "1.png", 4, 5, np.uint16) * 100
    Image.fromarray(pixels).save(tmp_path / "1.png")

    sample = source(tmp_path).open().samples[0]

    torch.testing.assert_close(sample[0], torch.tensor(pixels / 65535, dtype=torch.float32))
    assert source(tmp_path).outline().examples[0].dtype == torch.float32


def test_images_of_one_size_have_one_example(tmp_path):
    for name in ("1.png", "2.png", "3.png"):
        drawn(tmp_path / name, 4, 5)

    outline = source(tmp_path).outline()

    assert [example.shape for example in outline.examples] == [(3, 4, 5)]
    assert (outline.n_samples, outline.has_labels) == (3, False)


def test_images_of_several_sizes_have_examples_of_the_extremes(tmp_path):
    for number, size in enumerate([(4, 5), (4, 5), (3, 9), (6, 6), (8, 2), (5, 5), (40, 30)]):
        drawn(tmp_path / f"{number}.png", *size)

    outline = source(tmp_path).outline()

    assert [example.shape[1:] for example in outline.examples] == [(4, 5), (8, 2), (40, 30), (3, 9)]
    assert outline.origins == tuple(str(tmp_path / f"{number}.png") for number in (0, 4, 6, 2))


def test_headers_of_many_images_are_read_for_some_of_them(tmp_path, monkeypatch):
    for number in range(9):
        drawn(tmp_path / f"{number}.png", 3, 3 + number)
    monkeypatch.setattr(encoded_images, "IMAGE_HEADERS", 3)

    assert {e.shape[2] for e in source(tmp_path).outline().examples} == {3, 11}


def test_a_folder_beyond_the_limit_is_not_counted(tmp_path, monkeypatch):
    for name in ("a/1.png", "b/1.png"):
        drawn(tmp_path / name, 3, 3)
    monkeypatch.setattr(image_folder, "IMAGE_FOLDER_ENTRIES", 3)

    outline = source(tmp_path).outline()

    assert (outline.n_samples, outline.has_labels, outline.notes) == (None, None, ())
    assert len(outline.examples) == 1

    monkeypatch.setattr(image_folder, "IMAGE_FOLDER_ENTRIES", 1)
    assert source(tmp_path).outline().examples == ()


BROKEN = {
    "empty": lambda whole: b"",
    "text": lambda whole: b"no image",
    "truncated header": lambda whole: whole[:20],
    "html": lambda whole: b"<html></html>",
    "eps": lambda whole: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_image_is_an_error_with_its_name(tmp_path, kind):
    drawn(tmp_path / "1.png", 30, 30)
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "2.png").write_bytes(BROKEN[kind](whole))

    with pytest.raises(OptionError, match=r"2\.png cannot be read .*; is its file complete\?"):
        source(tmp_path).outline()
    with pytest.raises(DataError, match=r"2\.png cannot be read"):
        decode_all(source(tmp_path).open().samples, 10**6)


def test_a_truncated_image_is_an_error_with_its_name(tmp_path):
    drawn(tmp_path / "1.png", 30, 30)
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:-60])

    with pytest.raises(DataError, match=r"1\.png cannot be read \(.*truncated.*\)"):
        source(tmp_path).open().samples[0]


@pytest.mark.parametrize(("height", "width"), [(12000, 12000), (30000, 20000)])
def test_an_image_of_too_many_pixels_is_refused_unread(tmp_path, height, width):
    """Pillow warns of the first size, and refuses the second."""
    (tmp_path / "1.pgm").write_bytes(f"P5 {width} {height} 255 ".encode() + bytes(9))

    for use in (source(tmp_path).outline, lambda: source(tmp_path).open().samples[0]):
        with pytest.raises(DataError, match=r"1\.pgm .*; make it smaller"):
            use()


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"data set own: .*nowhere does not exist"):
        source(tmp_path / "nowhere").open()
    with pytest.raises(OptionError, match="nowhere does not exist"):
        source(tmp_path / "nowhere").outline()
