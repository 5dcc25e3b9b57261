"""A run that trackers show."""

import pytest

from dcrf.tracking.base import TrackedRun


@pytest.fixture
def tracked(tmp_path):
    folder = tmp_path / "runs/tiny/now-0"
    folder.mkdir(parents=True)
    return TrackedRun("tiny", 3, folder, {"name": "tiny", "phases": [{"name": "pretraining"}]})
