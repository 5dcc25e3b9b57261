"""Losses equal their golden values. After an intended change, run `tests.regression.update`."""

import json

import pytest

from dcrf.schema.registry import DESIGN_PATTERNS
from tests.regression import update
from tests.regression.update import FOLDER, current_losses, golden_file

STEMS = sorted(DESIGN_PATTERNS.schemas)


def test_every_golden_file_belongs_to_a_pattern():
    assert {file.stem for file in FOLDER.iterdir()} <= set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_losses_equal_their_golden_values(stem):
    """A missing file is written by `python -m tests.regression.update`."""
    golden, current = json.loads(golden_file(stem).read_text()), current_losses(stem)

    assert current.keys() == golden.keys()
    for entry, losses in current.items():
        assert losses == pytest.approx(golden[entry], rel=1e-6, abs=1e-9), entry


def test_an_update_keeps_existing_files_unless_they_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(update, "FOLDER", tmp_path)
    kept, named = STEMS[:2]
    for stem in (kept, named):
        golden_file(stem).write_text("{}")

    written = update.update({named})

    assert golden_file(kept) not in written
    assert golden_file(kept).read_text() == "{}"
    assert json.loads(golden_file(named).read_text()).keys() == current_losses(named).keys()
    assert {file.stem for file in tmp_path.iterdir()} == set(STEMS)
