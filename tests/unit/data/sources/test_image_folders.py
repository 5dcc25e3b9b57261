"""Counting the images of a folder finds what opening it finds."""

import pytest

from dcrf.data.sources import image_folders
from dcrf.data.sources.image_folders import count_images
from dcrf.data.sources.torchvision import open_torchvision
from dcrf.errors import DataError, OptionError


def made(root, *files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(IMAGE)
    return {"root": str(root)}


IMAGE = b"P5 1 1 255 0"
TREES = {
    "plain": ["a/1.png", "a/2.JPG", "b/3.png"],
    "deep": ["a/x/y/1.png", "a/2.webp", "a/.hidden/3.bmp"],
    "other files": ["1.png", "notes.txt", "a/notes.txt", "a/1.png"],
    "no class": ["1.png"],
    "no image": ["a/notes.txt"],
    "an empty class": ["a/1.png", "b/notes.txt"],
    "a folder with the name of an image": ["a/1.png/notes.txt", "a/2.png"],
    "nothing": [],
}


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("allow_empty", [False, True])
def test_as_many_as_torchvision_finds(tmp_path, tree, allow_empty):
    options = made(tmp_path / "root", *TREES[tree]) | {"allow_empty": allow_empty}
    try:
        wanted = len(open_torchvision("ImageFolder", **options).samples)
    except DataError:
        with pytest.raises(OptionError) as caught:
            count_images(options)
        assert caught.value.key == "root"
    else:
        assert count_images(options) == wanted


def test_links_are_followed_as_far_as_torchvision_follows_them(tmp_path):
    options = made(tmp_path / "root", "a/1.png")
    (tmp_path / "root/b").symlink_to(tmp_path / "root/a")
    (tmp_path / "root/a/2.png").symlink_to(tmp_path / "nowhere")

    assert count_images(options) == 4


def test_a_link_to_a_folder_above_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(image_folders, "IMAGE_FOLDER_ENTRIES", 500)
    options = made(tmp_path / "root", "a/1.png")
    for name in ("again", "and again"):
        (tmp_path / f"root/a/{name}").symlink_to(tmp_path / "root/a")

    assert count_images(options) is None


def test_of_very_many_entries_nothing_is_said(tmp_path, monkeypatch):
    options = made(tmp_path, "a/1.png", "a/2.png", "b/3.png")

    monkeypatch.setattr(image_folders, "IMAGE_FOLDER_ENTRIES", 6)
    assert count_images(options) == 3
    monkeypatch.setattr(image_folders, "IMAGE_FOLDER_ENTRIES", 5)
    assert count_images(options) is None
