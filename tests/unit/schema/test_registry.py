"""Finding the class behind a name."""

import json
import sys

import pytest

from dcrf.schema.registry import KINDS, SCHEMA, Registry

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
            "color": {"enum": ["the color of blood", "red"]},
            "own": {"type": "string"},
            "shared": {"$ref": "../shared.json#/$defs/shared"},
        }
    },
    "blue": {"properties": {"color": {"enum": ["blue"]}}},
}


@pytest.fixture
def colors(tmp_path, monkeypatch):
    """A registry of two colors, of which one has a module."""
    folder = tmp_path / "schema" / "colors"
    folder.mkdir(parents=True)
    for stem, schema in SCHEMAS.items():
        (folder / f"{stem}.json").write_text(json.dumps(schema))
    shared = {"$defs": {"shared": {"type": "integer", "default": 7}}}
    (folder.parent / "shared.json").write_text(json.dumps(shared))
    package = tmp_path / "some_colors"
    package.mkdir()
    (package / "red.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("color", "some_colors", str(folder), "color")
    for name in [name for name in sys.modules if name.startswith("some_colors")]:
        del sys.modules[name]


def test_names_are_found_without_importing_anything(colors):
    assert list(colors.schemas) == ["blue", "red"]
    assert colors.stems == {"blue": "blue", "the color of blood": "red", "red": "red"}
    assert "some_colors" not in sys.modules


def test_properties_follow_references_to_shared_ones(colors):
    assert colors.properties("red") == {
        "color": {"enum": ["the color of blood", "red"]},
        "own": {"type": "string"},
        "shared": {"type": "integer", "default": 7},
    }


@pytest.mark.parametrize("name", ["red", "the color of blood"])
def test_every_name_leads_to_the_one_public_class_of_the_module(colors, name):
    assert colors.resolve(name).__name__ == "Red"


@pytest.mark.parametrize("name", ["green", "Red", "red.Red", "../red", "", "os"])
def test_a_name_that_no_schema_has_leads_nowhere(colors, name):
    with pytest.raises(LookupError):
        colors.resolve(name)


@pytest.mark.parametrize("registry", KINDS.values(), ids=KINDS.keys())
def test_the_real_registries_know_all_their_properties(registry):
    for stem in registry.schemas:
        found = registry.properties(stem)

        assert registry.folder.parent == SCHEMA
        assert all("$ref" not in schema for schema in found.values())
        assert all(schema["description"] for schema in found.values())
