"""The schemas of calls for editors have every argument of every name."""

import json

import pytest
from jsonschema import Draft202012Validator

from dcrf.schema.editor_calls import with_calls
from dcrf.schema.registry import SCHEMA

ENTRY = {"x-call": "", "properties": {"type": {"type": "string", "x-framework": True}}}
PLACES = [file.stem for file in sorted((SCHEMA / "names").glob("*.json"))]
every_place = pytest.mark.parametrize("place", PLACES)


def table(place):
    return json.loads((SCHEMA / "names" / f"{place}.json").read_text())["names"]


def calls(place):
    """Name -> schema of its entries."""
    schema = with_calls({**ENTRY, "x-call": place}, (), "#")
    names = schema["properties"]["type"]["enum"]
    return {n: branch["then"] for n, branch in zip(names, schema["allOf"], strict=False)}


@every_place
def test_every_name_has_its_arguments(place):
    for name, call in calls(place).items():
        signature = table(place)[name]
        arguments = {*signature.get("required", ()), *signature.get("optional", ())}

        assert {key for key, value in call["properties"].items() if value is not True} == arguments
        assert all(call["properties"][argument]["description"] for argument in arguments)
        assert ("additionalProperties" in call) == (not signature.get("any_keyword"))


@every_place
def test_every_default_has_the_type_of_its_argument(place):
    for name, call in calls(place).items():
        for argument, default in table(place)[name].get("defaults", {}).items():
            schema = {**call["properties"][argument], "items": True, "anyOf": [True]}

            assert schema["default"] == default
            assert Draft202012Validator(schema).is_valid(default), (name, argument)


@every_place
def test_an_entry_may_lack_required_arguments_only_by_position(place):
    schema = {**ENTRY, "x-call": place}
    schema["properties"] = {**ENTRY["properties"], "positional_arguments": {"x-framework": True}}
    validator = Draft202012Validator(with_calls(schema, (), "#"))
    for name, signature in table(place).items():
        is_complete = not signature.get("required")

        assert validator.is_valid({"type": name}) == is_complete
        assert validator.is_valid({"type": name, "positional_arguments": [1]})


def test_initializers_may_lack_their_underscore():
    validator = Draft202012Validator(with_calls({**ENTRY, "x-call": "initializers"}, (), "#"))

    assert validator.is_valid({"type": "zeros_"})
    assert validator.is_valid({"type": "zeros"})
