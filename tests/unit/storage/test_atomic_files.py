"""Atomic writes of files, and locks between processes."""

import fcntl
import json
import os
import stat
from contextlib import contextmanager, suppress

import pytest

from dcrf.storage.atomic_files import (
    remove_temporary_files,
    replacing,
    replacing_text,
    waiting_lock,
    write_atomically,
    write_json,
)


def test_folders_are_created(tmp_path):
    file = tmp_path / "deep" / "er" / "file.bin"

    write_atomically(file, b"content")

    assert file.read_bytes() == b"content"
    assert list(file.parent.iterdir()) == [file]


def test_an_existing_file_is_replaced(tmp_path):
    file = tmp_path / "file.bin"

    write_atomically(file, b"a long first version")
    write_atomically(file, b"second")

    assert file.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [file]


def test_other_users_may_read_the_file(tmp_path):
    write_atomically(tmp_path / "file", b"")

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "file.bin"
    file.write_bytes(b"old")

    with pytest.raises(TypeError):
        write_atomically(file, "no bytes")

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_in_the_way_is_an_error_and_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()

    with pytest.raises(OSError, match="taken"):
        write_atomically(tmp_path / "taken", b"content")

    assert list(tmp_path.iterdir()) == [tmp_path / "taken"]


def test_json_is_readable_and_ends_with_a_line_break(tmp_path):
    content = {"name": "Zürich ± 1", "values": [1, 2.5, None, True]}

    write_json(tmp_path / "file.json", content)

    text = (tmp_path / "file.json").read_text(encoding="utf-8")
    assert "Zürich ± 1" in text
    assert text.endswith("}\n")
    assert text.splitlines()[1].startswith('  "name"')
    assert json.loads(text) == content


def test_a_value_that_json_cannot_hold_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "file.json", {"old": 1})

    with pytest.raises(TypeError):
        write_json(tmp_path / "file.json", {"new": object()})

    assert json.loads((tmp_path / "file.json").read_text()) == {"old": 1}


def test_temporary_files_of_a_killed_process_are_removed_and_nothing_else(tmp_path):
    left = tmp_path / ".a.pth.x1y2.tmp"
    others = [tmp_path / name for name in ("a.pth", ".b.pth.x1y2.tmp", ".hidden", "a.tmp")]
    for file in (left, *others):
        file.touch()

    remove_temporary_files(tmp_path, "a.pth")

    assert not left.exists()
    assert all(file.exists() for file in others)
    remove_temporary_files(tmp_path)
    assert [file.exists() for file in others] == [True, False, True, True]


@contextmanager
def handle_of(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def test_a_lock_excludes_others_until_the_block_ends(tmp_path):
    folder = tmp_path / "new" / "folder"

    with waiting_lock(folder), handle_of(folder) as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with handle_of(folder) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # free again
    assert list(folder.iterdir()) == []


def test_a_file_that_is_written_in_parts_appears_as_a_whole(tmp_path):
    file = tmp_path / "folder" / "file.bin"

    with replacing(file) as stream:
        stream.write(b"first ")
        assert not file.exists()
        stream.write(b"second")

    assert file.read_bytes() == b"first second"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("opened", [replacing, replacing_text])
def test_an_error_between_two_parts_leaves_the_old_file(tmp_path, opened):
    file = tmp_path / "file"
    file.write_bytes(b"old")

    with suppress(KeyError), opened(file) as stream:
        stream.write("new" if opened is replacing_text else b"new")
        raise KeyError

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_undecodable_names_and_line_ends_are_written(tmp_path):
    with replacing_text(tmp_path / "file") as stream:
        stream.write("\udcff,\u00e9\n\r\n")

    assert (tmp_path / "file").read_bytes() == b"\\udcff,\xc3\xa9\n\r\n"
