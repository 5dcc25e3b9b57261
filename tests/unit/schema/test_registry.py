"""Finding the class behind a name."""

import json
import sys

import pytest

from dcrf.schema.registry import DESIGN_PATTERNS, SCHEMA, STRATEGIES, Registry

MODULE = '''
from collections import OrderedDict

class Red(OrderedDict):
    """The only public class that is defined here."""

class _Shade:
    """No component."""
'''
SCHEMAS = {
    "red": {
        "properties": {
            "colour": {"enum": ["the colour of blood", "red"]},
            "own": {"type": "string"},
            "shared": {"$ref": "../shared.json#/$defs/shared"},
        }
    },
    "blue": {"properties": {"colour": {"enum": ["blue"]}}},
}


@pytest.fixture
def colours(tmp_path, monkeypatch):
    """A registry of two colours, of which one has a module."""
    folder = tmp_path / "schema" / "colours"
    folder.mkdir(parents=True)
    for stem, schema in SCHEMAS.items():
        (folder / f"{stem}.json").write_text(json.dumps(schema))
    shared = {"$defs": {"shared": {"type": "integer", "default": 7}}}
    (folder.parent / "shared.json").write_text(json.dumps(shared))
    package = tmp_path / "some_colours"
    package.mkdir()
    (package / "red.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("some_colours", str(folder), "colour")
    for name in [name for name in sys.modules if name.startswith("some_colours")]:
        del sys.modules[name]


def test_names_are_found_without_importing_anything(colours):
    assert list(colours.schemas) == ["blue", "red"]
    assert colours.stems == {"blue": "blue", "the colour of blood": "red", "red": "red"}
    assert "some_colours" not in sys.modules


def test_properties_follow_references_to_shared_ones(colours):
    assert colours.properties("red") == {
        "colour": {"enum": ["the colour of blood", "red"]},
        "own": {"type": "string"},
        "shared": {"type": "integer", "default": 7},
    }


@pytest.mark.parametrize("name", ["red", "the colour of blood"])
def test_every_name_leads_to_the_one_public_class_of_the_module(colours, name):
    assert colours.resolve(name).__name__ == "Red"


@pytest.mark.parametrize("name", ["green", "Red", "red.Red", "../red", "", "os"])
def test_a_name_that_no_schema_has_leads_nowhere(colours, name):
    with pytest.raises(LookupError):
        colours.resolve(name)


@pytest.mark.parametrize("registry", [DESIGN_PATTERNS, STRATEGIES], ids=lambda r: r.key)
def test_the_real_registries_know_all_their_properties(registry):
    for stem in registry.schemas:
        found = registry.properties(stem)

        assert registry.folder.parent == SCHEMA
        assert all("$ref" not in schema for schema in found.values())
        assert all(schema["description"] for schema in found.values())
