"""Hostile folders, texts and caches run no code, end, and are refused with a sentence."""

import os
import pickle
import zlib
from contextlib import suppress

import pytest

from dcrf.data.sources import class_folders
from dcrf.data.sources.image_folder import ImageFolder
from dcrf.data.sources.text import Text
from dcrf.data.sources.twenty_newsgroups import TwentyNewsgroups
from dcrf.errors import DataError
from dcrf.safety.inert_pickle import inert_values
from tests.security import files


def texts(path, **options):
    return Text("own", path=str(path), **options)


def newsgroups(root, content):
    (root / "20news-bydate_py3.pkz").write_bytes(zlib.compress(content))
    return TwentyNewsgroups("own", root=str(root), subset="train")


def test_what_has_no_end_is_not_read(tmp_path):
    for name in ("a.txt", "a.png", "a.csv"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "b.txt").symlink_to("/dev/zero")
    (tmp_path / "b.png").symlink_to("/dev/zero")

    for source in (texts(tmp_path), ImageFolder("own", path=str(tmp_path))):
        with pytest.raises(DataError, match="holds no"):
            source.open()
    for endless in (tmp_path / "a.csv", "/dev/zero"):
        with pytest.raises(DataError, match="is not a folder"):
            texts(endless, text_column="text").open()


def test_folders_that_link_to_each_other_end(tmp_path, monkeypatch):
    """Without a limit, the listing would double with every level."""
    monkeypatch.setattr(class_folders, "FOLDER_ENTRIES", 1000)
    for level in range(40):
        (tmp_path / f"{level}").mkdir()
        for name in "ab":
            (tmp_path / f"{level}/{name}").symlink_to(tmp_path / f"{level + 1}")
    (tmp_path / "40").mkdir()

    with pytest.raises(DataError, match="more than 1000 files and folders"):
        texts(tmp_path / "0").open()


@pytest.mark.parametrize("call", ["mkdir", "system", "eval"])
def test_a_cache_with_a_harmful_pickle_runs_nothing(tmp_path, call):
    content = files.tensor_files(tmp_path / "trace")[f"pickle_{call}"]

    with pytest.raises(DataError, match="cache"):
        newsgroups(tmp_path, content).open()
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("name", files.endless_pickles())
def test_endless_pickles_end(name):
    with suppress(DataError, LookupError, ValueError, TypeError):
        inert_values(files.endless_pickles()[name])


def test_a_cache_that_holds_itself_is_refused(tmp_path):
    circle = {"data": []}
    circle["data"].append(circle)
    circle["filenames"] = circle

    with pytest.raises(DataError, match="cache"):
        newsgroups(tmp_path, pickle.dumps({"train": circle}, 4)).open()
