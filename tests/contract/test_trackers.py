"""Every tracker keeps the promises of `dcrf.tracking.base`."""

import inspect
import tomllib
from pathlib import Path

from dcrf.schema.registry import TRACKERS
from dcrf.tracking.base import Tracker

TESTS = Path(__file__).parents[1]


def test_every_tracker_has_a_unit_test_and_an_extra_of_its_package():
    tests = {file.stem.removeprefix("test_") for file in TESTS.glob("unit/tracking/test_*.py")}
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())["project"]

    assert tests == set(TRACKERS.stems)
    for stem in TRACKERS.stems:
        (requirement,) = project["optional-dependencies"][stem]
        assert requirement.startswith(f"{stem}>=")


def test_every_tracker_takes_a_run():
    for stem in TRACKERS.stems:
        tracker = TRACKERS.resolve(stem)
        assert issubclass(tracker, Tracker)
        assert [*inspect.signature(tracker).parameters] == ["run"]
