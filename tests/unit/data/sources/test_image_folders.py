"""Folders of images: hidden files, missing classes, 16-bit images, and counts without reading."""

import numpy as np
import pytest
import torch
from PIL import Image

from dcrf.data.sources import image_folders
from dcrf.data.sources.image_folders import list_images, read_image
from dcrf.data.sources.torchvision import Torchvision
from dcrf.errors import DataError, OptionError


def written(root, *files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(IMAGE)
    return {"root": str(root)}


def deep(path, levels):
    """Write a picture of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(levels, np.uint16)).save(path)


IMAGE = b"P5 1 1 255 0"
TREES = {
    "plain": ["a/1.png", "a/2.JPG", "b/3.png"],
    "deep": ["a/x/y/1.png", "a/2.webp", "a/.hidden/3.bmp"],
    "other files": ["1.png", "notes.txt", "a/notes.txt", "a/1.png"],
    "hidden folders": [".ipynb_checkpoints/1.png", "a/1.png", "b/.hidden/2.png", "b/3.png"],
    "hidden files": ["a/._1.png", "a/1.png", "b/2.png"],
    "no class": ["1.png", "2.png"],
    "no class and a hidden folder": ["1.png", ".ipynb_checkpoints/1-checkpoint.png"],
    "no image": ["a/notes.txt"],
    "only hidden images": ["a/.ipynb_checkpoints/1.png"],
    "an empty class": ["a/1.png", "b/notes.txt"],
    "a folder with the name of an image": ["a/1.png/notes.txt", "a/2.png"],
    "nothing": [],
}
SIZES = {"plain": 3, "deep": 2, "hidden folders": 2, "hidden files": 2, "no class": 2}


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("allow_empty", [False, True])
def test_as_many_images_are_counted_as_are_opened(tmp_path, tree, allow_empty):
    (tmp_path / "root").mkdir()
    options = written(tmp_path / "root", *TREES[tree]) | {"allow_empty": allow_empty}
    source = Torchvision("ImageFolder", **options)
    try:
        raw = source.open()
    except DataError:
        with pytest.raises(OptionError) as caught:
            source.outline()
        assert caught.value.key == "root"
        assert tree not in SIZES
    else:
        outline = source.outline()
        assert outline.n_samples == len(raw.samples) == SIZES.get(tree, len(raw.samples))
        assert outline.has_labels == (raw.labels is not None)


@pytest.mark.parametrize("tree", [["1.png", "2.png"], ["all/1.png", "all/2.png"]])
def test_images_in_one_folder_have_no_labels_and_a_note(tmp_path, tree):
    raw = Torchvision("ImageFolder", **written(tmp_path, *tree)).open()

    assert raw.labels is None
    (note,) = raw.notes
    assert note == f"all images in {tmp_path} lie in one folder, so the data set has no labels"


def test_images_in_two_folders_have_labels_and_no_note(tmp_path):
    options = written(tmp_path, "a/1.png", ".hidden/x.png", "b/2.png")
    raw = Torchvision("ImageFolder", **options).open()

    assert raw.labels.tolist() == [0, 1]
    assert raw.notes == ()


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_images_of_16_bits_are_scaled_by_their_depth(tmp_path, suffix):
    levels = [[0, 300], [1000, 65535]]
    deep(tmp_path / f"a/1.{suffix}", levels)
    deep(tmp_path / f"b/1.{suffix}", levels)
    source = Torchvision("ImageFolder", root=str(tmp_path))

    sample = source.open().samples[0]

    expected = torch.tensor(levels) / 65535
    torch.testing.assert_close(sample, expected.expand(3, 2, 2), rtol=0, atol=1e-7)
    assert {example.dtype for example in source.outline().examples} == {torch.float32}


def test_images_of_8_bits_stay_images(tmp_path):
    source = Torchvision("ImageFolder", **written(tmp_path, "a/1.pgm", "b/1.pgm"))

    assert source.open().samples[0].mode == "RGB"
    assert {example.dtype for example in source.outline().examples} == {torch.uint8}


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_images_of_unknown_depth_are_refused(tmp_path, dtype):
    Image.fromarray(np.ones((2, 2), dtype)).save(tmp_path / "1.tif")

    with pytest.raises(ValueError, match="save it with 8 or 16 bits"):
        read_image(str(tmp_path / "1.tif"))


def test_links_are_followed_as_far_as_torchvision_follows_them(tmp_path):
    options = written(tmp_path / "root", "a/1.png")
    (tmp_path / "root/b").symlink_to(tmp_path / "root/a")
    (tmp_path / "root/a/2.png").symlink_to(tmp_path / "nowhere")

    assert list_images(options).n_images == 4


def test_a_link_to_a_folder_above_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(image_folders, "IMAGE_FOLDER_ENTRIES", 500)
    options = written(tmp_path / "root", "a/1.png")
    for name in ("again", "and again"):
        (tmp_path / f"root/a/{name}").symlink_to(tmp_path / "root/a")

    assert list_images(options).n_images is None


def test_more_entries_than_the_limit_are_not_counted(tmp_path, monkeypatch):
    options = written(tmp_path, "a/1.png", "a/2.png", "b/3.png")

    monkeypatch.setattr(image_folders, "IMAGE_FOLDER_ENTRIES", 6)
    assert list_images(options).n_images == 3
    monkeypatch.setattr(image_folders, "IMAGE_FOLDER_ENTRIES", 5)
    assert list_images(options).n_images is None
