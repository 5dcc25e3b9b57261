"""Creating run folders, and telling them from other folders."""

import re
from dataclasses import replace

import pytest

from dcrf.runs.run_folder import (
    RunStart,
    is_run_folder,
    new_run_folder,
    next_run_number,
    read_run_start,
    run_folders,
)

START = RunStart(seed_in_names=None, threads=2, number=1, overrides=("--set seed=3",))


def test_new_folders_have_their_files_and_names_of_their_own(tmp_path):
    parent = tmp_path / "deep/er"
    created = {new_run_folder(parent, 3, START, {"seed": 3}) for _ in range(12)}

    assert len(created) == 12
    assert set(parent.iterdir()) == created
    assert all(is_run_folder(folder) for folder in created)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-3(-\d+)?", f.name) for f in created)


def test_a_folder_that_cannot_be_filled_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        new_run_folder(tmp_path, 0, START, {"a": object()})

    assert list(tmp_path.iterdir()) == []


def test_the_start_is_read_as_it_was_written(tmp_path):
    for start in (START, replace(START, saves_features=True)):
        assert read_run_start(new_run_folder(tmp_path, 0, start, {})) == start


def test_run_folders_are_listed_in_the_order_of_their_starts(tmp_path):
    starts = [RunStart(None, 1, number) for number in (2, 1, 3)]
    second, first, third = [new_run_folder(tmp_path, 0, start, {}) for start in starts]
    (tmp_path / "other").mkdir()
    first.rename(tmp_path / ".unfinished.tmp")

    assert run_folders(tmp_path) == [second, third]
    assert next_run_number(tmp_path) == 4
