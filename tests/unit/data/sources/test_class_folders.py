"""Folders with files of classes: order, found classes, skipped entries and limits."""

import os
from pathlib import Path

import pytest

from dcrf.data.sources import class_folders
from dcrf.data.sources.class_folders import list_class_folders
from dcrf.errors import OptionError


def made(root, *files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def listed(root, classes=None, limit=None):
    return list_class_folders(str(root), "text", (".txt",), classes, limit)


def test_files_are_sorted_by_class_and_path(tmp_path):
    made(tmp_path, "b/1.txt", "a-b/2.txt", "a/x/1.txt", "a/1.TXT", "a/10.txt", "a/2.txt")

    listing = listed(tmp_path)

    assert listing.names == [
        *("a/1.TXT", "a/10.txt", "a/2.txt", "a/x/1.txt", "a-b/2.txt", "b/1.txt")
    ]
    assert listing.labels.tolist() == [0, 0, 0, 0, 1, 2]
    assert listing.paths[0] == str(tmp_path / "a/1.TXT")
    assert listing.notes == (f"3 sub-folders of {tmp_path} are classes: a, a-b, b",)


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (["1.txt", "2.txt"], None),
        (["a/1.txt", "a/2.txt"], None),
        (["a/1.txt", "b/2.txt"], [0, 1]),
        (["a/1.txt", "b/2.dat"], None),
        (["1.txt", "b/2.dat"], None),
    ],
)
def test_sub_folders_are_classes_if_several_hold_files(tmp_path, files, labels):
    listing = listed(made(tmp_path, *files))

    assert (labels is None) == (listing.labels is None)
    assert labels is None or listing.labels.tolist() == labels


def test_files_beside_folders_ask_for_a_decision(tmp_path):
    made(tmp_path, "1.txt", "a/1.txt", "b/1.txt")

    with pytest.raises(OptionError, match=r'1 text beside 2 folders with texts; "classes": true'):
        listed(tmp_path)
    assert listed(tmp_path, classes=False).names == ["1.txt", "a/1.txt", "b/1.txt"]
    assert listed(tmp_path, classes=False).labels is None
    assert listed(tmp_path, classes=True).names == ["a/1.txt", "b/1.txt"]
    assert f"skipped in {tmp_path}: 1 text beside the class folders" in listed(tmp_path, True).notes


def test_one_folder_is_a_class_only_on_request(tmp_path):
    made(tmp_path, "a/1.txt", "a/2.txt")

    assert listed(tmp_path, classes=True).labels.tolist() == [0, 0]


def test_skipped_entries_are_counted(tmp_path):
    made(tmp_path, "1.txt", ".hidden/1.txt", ".2.txt", "notes.md", "other.md", "readme")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "broken.txt").symlink_to("nowhere")
    (tmp_path / "circle.txt").symlink_to("circle.txt")

    (note,) = listed(tmp_path).notes

    assert listed(tmp_path).names == ["1.txt"]
    assert note == (
        f"skipped files and folders in {tmp_path}: 2 hidden, 3 not regular files, "
        "3 with other endings (.md, no ending)"
    )


def test_links_are_followed_but_not_in_circles(tmp_path):
    made(tmp_path / "root", "a/1.txt")
    made(tmp_path / "elsewhere", "2.txt")
    (tmp_path / "root/b").symlink_to(tmp_path / "elsewhere")
    for name in ("again", "and again"):
        (tmp_path / "root/a" / name).symlink_to(tmp_path / "root")

    listing = listed(tmp_path / "root")

    assert listing.names == ["a/1.txt", "b/2.txt"]
    assert "2 links to a folder above" in listing.notes[-1]


@pytest.mark.parametrize(
    ("files", "classes", "fault"),
    [
        ([], None, "holds no texts"),
        (["a.dat"], False, "holds no texts"),
        ([".a/1.txt"], None, "holds no texts"),
        (["1.txt"], True, "holds no sub-folders with texts"),
    ],
)
def test_a_folder_without_files_is_a_problem_of_its_path(tmp_path, files, classes, fault):
    with pytest.raises(OptionError, match=rf"{fault} \(\.txt\)") as caught:
        listed(made(tmp_path, *files), classes)
    assert caught.value.key == "path"


def test_a_path_that_is_no_folder_is_a_problem(tmp_path):
    made(tmp_path, "file")

    with pytest.raises(OptionError, match="does not exist"):
        listed(tmp_path / "nowhere")
    with pytest.raises(OptionError, match="is not a folder"):
        listed(tmp_path / "file")


def test_a_listing_ends_at_its_limit(tmp_path, monkeypatch):
    made(tmp_path, "a/1.txt", "b/1.txt", "b/2.dat")

    assert listed(tmp_path, limit=5).is_complete
    assert not listed(tmp_path, limit=4).is_complete
    assert listed(tmp_path, limit=1).names == []
    monkeypatch.setattr(class_folders, "FOLDER_ENTRIES", 4)
    with pytest.raises(OptionError, match="holds more than 4 files and folders"):
        listed(tmp_path)


def test_names_cannot_write_to_the_terminal(tmp_path):
    made(tmp_path, "\x1b[2Ja/1.txt", "b/1.txt", "1.\x1b[2J")

    assert not any("\x1b" in note for note in listed(tmp_path).notes)


def test_ids_are_texts_that_a_file_can_hold(tmp_path):
    made(tmp_path, "caf\xe9.txt", os.fsdecode(b"caf\xe9.txt"))

    listing = listed(tmp_path)

    assert sorted(listing.ids) == ["caf\\udce9.txt", "caf\xe9.txt"]
    assert all(Path(path).exists() for path in listing.paths)
