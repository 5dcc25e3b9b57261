"""What every schema file promises."""

import inspect
import json
from urllib.parse import urljoin

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7, DRAFT202012

from dcrf.schema.registry import DESIGN_PATTERNS, KINDS, SCHEMA, STRATEGIES
from tests.cases.each import for_each
from tests.unit.config.methods import classifying, dec

FOLDERS = ("", *(registry.folder.name for registry in KINDS.values()))
FILES = {
    file.as_uri(): json.loads(file.read_text())
    for folder in FOLDERS
    for file in sorted((SCHEMA / folder).glob("*.json"))
}
DRAFTS = {"7": (Draft7Validator, DRAFT7), "2020-12": (Draft202012Validator, DRAFT202012)}
SHARING = [registry for registry in KINDS.values() if registry.within]
CLOSED_BY_THEIR_KIND = {(SCHEMA / registry.within).as_uri() for registry in SHARING}
CLOSED_BY_THEIR_KIND |= {
    (registry.folder / f"{stem}.json").as_uri() for registry in SHARING for stem in registry.schemas
}
METHOD = {"$ref": (SCHEMA / "method.json").as_uri()}

every_file = for_each(FILES)
LEADING = {"items", "allOf"}
"""Keywords with references, of which the contract tests of components try the defaults."""
every_draft = pytest.mark.parametrize("draft", DRAFTS)


def registry(specification):
    resources = ((uri, specification.create_resource(schema)) for uri, schema in FILES.items())
    return Registry().with_resources(resources)


def followed(schema, base):
    while isinstance(schema, dict) and "$ref" in schema:
        base = urljoin(base, schema["$ref"])
        schema = registry(DRAFT202012).resolver().lookup(base).contents
    return schema


def subschemas(schema):
    """Everything in a schema file that describes values, but for conditions."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [schema["items"]] if "items" in schema else []
    for part in inner:
        yield from subschemas(part)


def described(schema):
    return "description" in schema or any("description" in s for s in schema.get("allOf", ()))


def test_there_are_schemas_of_every_kind():
    for folder in FOLDERS:
        assert any(f"{SCHEMA / folder}".rstrip("/") + "/" in uri for uri in FILES)
    assert len(FILES) > 15


@every_file
def test_every_file_is_a_schema_in_both_drafts(uri):
    for validator, _ in DRAFTS.values():
        validator.check_schema(FILES[uri] | {"$schema": validator.META_SCHEMA["$schema"]})


@every_draft
@pytest.mark.parametrize("method", [dec, classifying])
def test_methods_are_judged_alike_in_both_drafts(draft, method):
    validator, specification = DRAFTS[draft]
    check = validator(METHOD, registry=registry(specification))

    assert check.is_valid(method())
    assert not check.is_valid(method() | {"misspelt": 1})
    for key, wrong in (("phases", []), ("datasets", [{"dataset": "load_digits"}]), ("name", "")):
        assert not check.is_valid(method() | {key: wrong})
    pattern = {"pattern": "assignment_entropy", "loss_wieght": 1}
    broken = method()
    broken["phases"][0]["design_patterns"] = [pattern]
    assert not check.is_valid(broken)


@every_file
def test_nothing_stands_beside_a_reference(uri):
    assert all(len(s) == 1 for s in subschemas(FILES[uri]) if "$ref" in s)


@every_file
def test_every_property_is_described_in_a_sentence(uri):
    for schema in subschemas(FILES[uri]):
        for key, property_schema in schema.get("properties", {}).items():
            found = followed(property_schema, uri)

            assert described(found), key
            assert found.get("description", "x.").endswith("."), key


@every_file
def test_every_property_has_a_type_or_names_its_values(uri):
    for schema in subschemas(FILES[uri]):
        for key, property_schema in schema.get("properties", {}).items():
            found = followed(property_schema, uri)

            assert found.keys() & {"type", "enum", "allOf"}, key


@every_file
def test_objects_are_closed_unless_they_pass_arguments_on_or_lead_elsewhere(uri):
    for schema in subschemas(FILES[uri]):
        if schema.get("type") == "object" and "properties" in schema:
            branches = [s.get("then", {}) for s in schema.get("allOf", [{}])]
            leads = all(branch.keys() & {"$ref", "allOf"} for branch in branches)
            says_so = "additionalProperties" in schema

            assert says_so or "x-call" in schema or leads or uri in CLOSED_BY_THEIR_KIND


@every_file
def test_defaults_are_valid(uri):
    for schema in subschemas(FILES[uri]):
        if "default" in schema:
            given = {key: value for key, value in schema.items() if key not in LEADING}

            assert Draft202012Validator(given).is_valid(schema["default"])


@every_file
def test_required_keys_are_known(uri):
    for schema in subschemas(FILES[uri]):
        if "properties" in schema:
            assert set(schema.get("required", ())) <= schema["properties"].keys()


@every_file
def test_annotations_are_those_of_the_architecture(uri):
    table = (SCHEMA.parent / "docs" / "architecture.md").read_text()
    for schema in subschemas(FILES[uri]):
        for key in schema:
            assert not key.startswith("x-") or f"`{key}`" in table


@every_file
def test_annotations_name_existing_siblings(uri):
    shared = FILES[(SCHEMA / "shared.json").as_uri()]["$defs"].keys()
    for schema in subschemas(FILES[uri]):
        properties = schema.get("properties", {})
        for key, keywords in properties.items():
            assert keywords.get("x-at-most", key) in properties
            assert keywords.get("x-argument-of", key) in properties.keys() | shared
            assert ("x-argument-of" in keywords) == ("x-argument" in keywords)
            assert not properties.keys() & {*keywords.get("x-deprecated-names", ())}


def stated(registry, stem, keyword):
    """All items that a component's schema and its branches list under a keyword."""
    schema = registry.schemas[stem]
    branches = [schema, *(branch.get("then", {}) for branch in schema.get("allOf", ()))]
    return {item for branch in branches for item in branch.get(keyword, ())}


@pytest.mark.parametrize("stem", DESIGN_PATTERNS.schemas)
def test_patterns_state_their_needs(stem):
    needs = stated(DESIGN_PATTERNS, stem, "x-needs")
    parameters = inspect.signature(DESIGN_PATTERNS.resolve(stem)).parameters.keys()

    assert needs <= {"assignment", "assignments", "centroids", "features", "soft_assignments"}
    assert "assignment" not in needs or "x-strategies" in DESIGN_PATTERNS.schemas[stem]
    assert ("features" in needs) == ("features" in parameters)
    assert ("assignments" in needs) == ("assignment" in parameters)
    assert ("centroids" in needs) == ("centroids" in parameters)
    grown = {"assignment"} if "x-strategies" in DESIGN_PATTERNS.schemas[stem] else set()
    assert stated(DESIGN_PATTERNS, stem, "x-updates") <= grown | ({"centroids"} & needs)


@pytest.mark.parametrize("stem", DESIGN_PATTERNS.schemas)
def test_patterns_name_existing_strategies_and_get_the_one_of_the_method(stem):
    strategies = DESIGN_PATTERNS.schemas[stem].get("x-strategies", ())
    parameters = inspect.signature(DESIGN_PATTERNS.resolve(stem)).parameters.keys()

    assert {*strategies} <= STRATEGIES.schemas.keys()
    assert not strategies or parameters & {"assignment", "method_assignment"}


@pytest.mark.parametrize("stem", STRATEGIES.schemas)
def test_strategies_state_their_needs(stem):
    needs = stated(STRATEGIES, stem, "x-needs")
    parameters = inspect.signature(STRATEGIES.resolve(stem)).parameters.keys()

    assert needs == parameters & {"centroids", "classifiers", "features"}
