"""From an entry to a component: references become objects, the rest is injected by name."""

import json
import sys

import pytest

from dcrf.builder.components import build_component, located
from dcrf.errors import ConfigError, Problem
from dcrf.schema.registry import DESIGN_PATTERNS, Registry

MODULE = '''
class Painting:
    """Remembers what it was given."""

    def __init__(self, *, encoder, layer_name, size=1, generator=None, details=()):
        self.given = (encoder, layer_name, size, generator)
        self.details = details
'''
SCHEMA = {
    "properties": {
        "pattern": {"enum": ["painting"], "x-framework": True},
        "encoder_name": {"type": "string", "x-refers-to": "mapping"},
        "layer_name": {"type": "string"},
        "size": {"type": "integer"},
        "details": {"type": "array", "x-component": "painting"},
    }
}
ENCODER, GENERATOR = object(), object()
PARTS = {"mapping": {"enc": ENCODER}}
INJECTED = {"generator": GENERATOR, "centroids": object()}


@pytest.fixture
def paintings(tmp_path, monkeypatch):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "painting.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "some_paintings").mkdir()
    (tmp_path / "some_paintings" / "painting.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("painting", "some_paintings", str(tmp_path / "schemas"), "pattern")
    monkeypatch.setattr("dcrf.builder.components.KINDS", {"painting": registry})
    yield registry
    for name in [name for name in sys.modules if name.startswith("some_paintings")]:
        del sys.modules[name]


def build(paintings, **options):
    options = {"encoder_name": "enc", "layer_name": "code", **options}
    return build_component(paintings, "painting", options, PARTS, INJECTED).given


def test_a_reference_arrives_as_the_object_and_other_names_stay_names(paintings):
    assert build(paintings, size=3)[:3] == (ENCODER, "code", 3)


def test_a_component_gets_of_the_injected_things_only_what_it_asks_for(paintings):
    assert build(paintings)[2:] == (1, GENERATOR)


def test_entries_of_a_component_arrive_as_components(paintings):
    detail = {"pattern": "painting", "encoder_name": "enc", "layer_name": "inner"}

    options = {"encoder_name": "enc", "layer_name": "outer", "details": [detail]}
    (inner,) = build_component(paintings, "painting", options, PARTS, INJECTED).details

    assert inner.given == (ENCODER, "inner", 1, GENERATOR)


def test_a_real_pattern_is_built():
    encoder, decoder = object(), object()

    pattern = build_component(
        DESIGN_PATTERNS,
        "reconstruction",
        {
            "encoder_name": "a",
            "decoder_name": "b",
            "reconstruction_target": "view",
            "error": "squared",
            "loss_reduction_method": "sum",
        },
        {"mapping": {"a": encoder, "b": decoder}},
        INJECTED,
    )

    assert pattern.encoder is encoder
    assert pattern.decoder is decoder


def test_what_a_constructor_says_becomes_a_problem_at_its_place():
    with pytest.raises(ConfigError) as caught, located("$.mappings[0]", "method.json"):
        int("many")

    (problem,) = caught.value.problems
    assert problem.path == "$.mappings[0]"
    assert problem.found.startswith("ValueError: invalid literal")
    assert caught.value.source == "method.json"


def test_a_problem_that_has_a_place_keeps_it():
    inner = ConfigError("method.json", [Problem("$.inner", "wrong")])

    with pytest.raises(ConfigError) as caught, located("$.outer", "method.json"):
        raise inner

    assert caught.value is inner
