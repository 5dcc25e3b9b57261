"""Losses stay what they were; after a change that is meant, run `tests.regression.update`."""

import json

import pytest

from tests.cases.tiny import ENTRIES
from tests.regression.update import FILE, current_losses

KEPT = json.loads(FILE.read_text())


def test_every_entry_has_kept_losses():
    assert ENTRIES.keys() == KEPT.keys()


def test_losses_are_what_they_were():
    for name, losses in current_losses().items():
        assert losses == pytest.approx(KEPT[name], rel=1e-6, abs=1e-9), name
