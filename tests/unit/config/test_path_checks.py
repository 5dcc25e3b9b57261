import os
from pathlib import Path

import pytest

from dcrf.config.path_checks import is_file, is_folder, is_there, with_name

NOTHING = [Path("a" * 300), Path("a\0b"), Path("nowhere")]


@pytest.mark.parametrize("path", NOTHING, ids=["too long", "no path", "absent"])
@pytest.mark.parametrize("test", [is_there, is_file, is_folder])
def test_nothing_is_at_what_is_no_path(test, path):
    assert not test(path)


def test_files_and_folders_are_told_apart(tmp_path):
    file = tmp_path / "file"
    file.write_text("")

    assert [is_there(file), is_file(file), is_folder(file)] == [True, True, False]
    assert [is_there(tmp_path), is_file(tmp_path), is_folder(tmp_path)] == [True, False, True]


def test_nothing_is_where_nobody_may_look(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr(Path, "stat", refuse)

    assert not is_there(Path("/"))


@pytest.mark.parametrize(
    ("path", "expected"), [(".", "inner"), ("..", "{root}"), ("a/..", "inner"), ("a", "a")]
)
def test_a_path_gets_a_name(tmp_path, monkeypatch, path, expected):
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)

    named = with_name(Path(path))

    assert named.name == expected.format(root=tmp_path.name)
    assert named.absolute() == Path(os.path.normpath(inner / path))
