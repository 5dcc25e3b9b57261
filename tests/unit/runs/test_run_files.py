"""The files that a run saves and loads."""

import pytest

from dcrf.config.method_config import SaveConfig
from dcrf.errors import DataError
from dcrf.runs.run_files import NUMBERED, NumberedFiles, RunFiles


@pytest.fixture
def record(tmp_path):
    return tmp_path / "checkpoints" / NUMBERED


def test_an_existing_file_is_kept_and_a_numbered_one_is_chosen_once(tmp_path, record):
    (tmp_path / "a.pth").touch()
    files = NumberedFiles(record)

    assert files.choose(tmp_path / "a.pth") == tmp_path / "a_2.pth"
    (tmp_path / "a_2.pth").touch()
    assert files.choose(tmp_path / "a.pth") == tmp_path / "a_2.pth"
    assert files.choose(tmp_path / "b.pth") == tmp_path / "b.pth"


def test_a_killed_run_finds_its_files_in_the_record(tmp_path, record):
    (tmp_path / "a.pth").touch()
    own = NumberedFiles(record).choose(tmp_path / "a.pth")
    own.touch()

    assert NumberedFiles(record).choose(tmp_path / "a.pth") == own


def test_choices_are_restored_from_a_checkpoint(tmp_path, record):
    (tmp_path / "a.pth").touch()
    files = NumberedFiles(record)
    files.choose(tmp_path / "a.pth")
    restored = NumberedFiles(record)
    restored.choose(tmp_path / "other.pth")

    restored.load_state_dict(files.state_dict())
    assert restored.chosen == {tmp_path / "a.pth": tmp_path / "a_2.pth"}

    restored.load_state_dict({})
    assert restored.chosen == {}


def test_a_damaged_record_is_refused(tmp_path, record):
    with pytest.raises(DataError, match="damaged"):
        NumberedFiles(record).load_state_dict({NUMBERED: {"a.pth": "/etc/passwd"}})


def test_a_seed_loads_its_own_file_if_it_exists(tmp_path):
    (tmp_path / "a_seed3.pth").touch()
    files = RunFiles(tmp_path, "m", seed_in_names=3)

    assert files.file_to_load(tmp_path / "a.pth") == tmp_path / "a_seed3.pth"
    assert files.file_to_load(tmp_path / "b.pth") == tmp_path / "b.pth"
    assert RunFiles(tmp_path, "m").file_to_load(tmp_path / "a.pth") == tmp_path / "a.pth"


def test_a_run_loads_the_numbered_file_that_it_has_saved(tmp_path):
    file = tmp_path / "a.pth"
    file.touch()
    files = RunFiles(tmp_path / "run", "m")

    own = files.file_to_save(
        SaveConfig("$", "encoder", None, file, keep_old_files=True, suffix=".pth"), "d"
    )
    assert files.file_to_load(file) == file  # not saved yet
    own.touch()
    assert files.file_to_load(file) == own == tmp_path / "a_2.pth"
