"""The contract of schedules."""

import inspect
import json
from pathlib import Path

import pytest

import dcrf.schedules
from dcrf.batch import Clock
from dcrf.builder.schedules import build_schedule
from dcrf.config import load_checked
from dcrf.schedules.base import Schedule
from dcrf.schema.registry import SCHEDULES
from tests.unit.config.methods import dec

TESTS = Path(__file__).parents[1]
CASES = {
    file.stem: json.loads(file.read_text())
    for file in sorted((TESTS / "cases" / "schedules").glob("*.json"))
}
DONE = (*range(40), 100, 1_000, 10**6)

every_stem = pytest.mark.parametrize("stem", SCHEDULES.schemas)
every_case = pytest.mark.parametrize("entry", CASES.values(), ids=CASES.keys())


def filled(entry):
    """The entry with all defaults, as the builder gets it."""
    properties = SCHEDULES.properties(entry["schedule"])
    return {k: p["default"] for k, p in properties.items() if "default" in p} | entry


def marked_values(entry):
    """The numbers of an entry that its schema marks `x-value`."""

    def walk(schema, value):
        if schema.get("x-value"):
            yield value
        if isinstance(value, dict):
            for key, item in value.items():
                others = schema.get("additionalProperties") or {}
                yield from walk(schema.get("properties", {}).get(key, others), item)
        elif isinstance(value, list):
            first = schema.get("prefixItems", [])
            for index, item in enumerate(value):
                inner = first[index] if index < len(first) else schema.get("items", {})
                yield from walk(inner, item)

    stem = SCHEDULES.stems[entry["schedule"]]
    return [*walk({"properties": SCHEDULES.properties(stem)}, entry)]


def weighted(entry):
    """A method with the schedule as the weight of a loss."""
    method = dec()
    method["phases"][0]["design_patterns"][0]["loss_weight"] = entry
    return method


def test_every_schedule_has_a_module_a_case_and_a_unit_test():
    package = Path(dcrf.schedules.__file__).parent
    modules = {file.stem for file in package.glob("*.py")} - {"__init__", "base"}
    units = {f.stem.removeprefix("test_") for f in (TESTS / "unit" / "schedules").glob("test_*")}

    assert modules == SCHEDULES.schemas.keys() == CASES.keys() == units - {"base"}


@every_stem
def test_keys_and_constructor_parameters_are_the_same(stem):
    parameters = inspect.signature(SCHEDULES.resolve(stem)).parameters
    keys = {k for k, p in SCHEDULES.properties(stem).items() if not p.get("x-framework")}

    assert {name.removesuffix("_") for name in parameters} == keys


@every_case
def test_a_file_may_hold_it(entry):
    config = load_checked(weighted(entry))

    assert config.phases[0].design_patterns[0].weights == {"*": filled(entry)}


@every_case
def test_all_values_lie_between_those_of_the_file(entry):
    schedule, values = build_schedule(filled(entry)), marked_values(entry)

    assert isinstance(schedule, Schedule)
    for done in DONE:
        assert min(values) <= schedule.after(done) <= max(values)


@every_case
def test_it_ends_with_its_final_value(entry):
    schedule = build_schedule(filled(entry))

    assert schedule.after(10**6) == schedule.final


@every_case
def test_epochs_count_where_the_entry_says_so(entry):
    first = build_schedule(filled(entry))
    clocks = [Clock(epoch=1 + n, iteration=1 + 10 * n) for n in range(12)]

    assert [first(clock) for clock in clocks] == [first.after(10 * n) for n in range(12)]
    if "unit" in SCHEDULES.properties(entry["schedule"]):
        second = build_schedule(filled({**entry, "unit": "epoch"}))
        assert [second(clock) for clock in clocks] == [first.after(n) for n in range(12)]


@every_case
def test_it_has_no_state(entry):
    schedule = build_schedule(filled(entry))
    expected = [schedule.after(done) for done in DONE]

    assert [schedule.after(done) for done in reversed(DONE)] == expected[::-1]


@every_stem
def test_every_schedule_marks_its_values(stem):
    assert marked_values(CASES[stem])
