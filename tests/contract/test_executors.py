"""Every executor keeps the promises of `dcrf.executors.base`."""

import inspect
import tomllib
from pathlib import Path

from dcrf.executors.base import RunExecutor
from dcrf.schema.registry import EXECUTORS

TESTS = Path(__file__).parents[1]


def test_every_executor_has_a_unit_test_and_an_extra_if_it_needs_packages():
    tests = {file.stem.removeprefix("test_") for file in TESTS.glob("unit/executors/test_*.py")}
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())["project"]

    assert tests == set(EXECUTORS.stems)
    for stem in set(EXECUTORS.stems) - {"local"}:
        assert project["optional-dependencies"][stem]


def test_every_executor_takes_its_flags_and_no_others():
    always = [*inspect.signature(RunExecutor).parameters]
    flags = []
    for stem in EXECUTORS.stems:
        executor = EXECUTORS.resolve(stem)
        assert issubclass(executor, RunExecutor)
        assert [*inspect.signature(executor).parameters] == [*always, *executor.flags]
        flags += executor.flags

    assert len(set(flags)) == len(flags)
    assert all(flag.startswith(tuple(EXECUTORS.stems)) for flag in flags)
