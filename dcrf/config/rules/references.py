"""Check that everything that a method refers to by name is declared."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from dcrf.config.parts import part_names
from dcrf.config.rules.schema_errors import suggestion
from dcrf.config.safe_lookup import enabled, is_enabled, names, objects, objects_within, text, texts
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.safety.limits import PROBLEMS_OF_A_KIND

CLASSIFIERS = ("sample_space_classifier", "feature_space_classifier")
_ROLES = {"feature_extractor": ("feature_extractor",), "classifier": CLASSIFIERS}


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every undeclared name, up to the limit."""
    data = nodes["$"].value
    named = (node for node in nodes.values() if isinstance(node.value, str))
    undeclared = (p for node in named for p in (*_reference(node, nodes), *_layer(node, data)))
    return list(islice(undeclared, PROBLEMS_OF_A_KIND))


def mappings_of(data: Mapping[str, Any], types: tuple[str, ...]) -> list[str]:
    """Return the names of the mappings of some types.

    A mapping with an unknown type is included: it may be a misspelled one, which is a problem of
    its own.
    """
    others = {"design_pattern_specific", *CLASSIFIERS, "feature_extractor"}.difference(types)
    return names(e for e in objects(data, "mappings") if text(e[1], "type") not in others)


def _reference(node: Node, nodes: Nodes) -> Iterator[Problem]:
    kind = node.keywords.get("x-refers-to") or node.keywords.get("x-names")
    if kind == "view":
        yield from _view(node, nodes["$"].value)
    elif kind:
        known = _declared(kind, node, nodes)
        if node.value not in known:
            noun = kind.replace("_", " ")
            yield Problem(node.path, f"no {noun} is called {node.value!r}", _hint(node, known))


def _declared(kind: str, node: Node, nodes: Nodes) -> list[str]:
    data = nodes["$"].value
    if kind in _ROLES:
        return mappings_of(data, _ROLES[kind])
    if kind == "part":
        return part_names(nodes)
    if kind == "part_or_layer":
        return [*part_names(nodes), *_layers_with_mappings(data)]
    if kind == "dataset":
        return names(enabled(data, "datasets"))
    if kind == "optimizer":
        phase = _holder(node, "optimizers")
        return names(objects(phase, "optimizers")) if phase else []
    return names(objects(data, f"{kind}s"))


def _layers_with_mappings(data: Mapping[str, Any]) -> list[str]:
    return [
        f"{mapping.get('name')}.{layer}"
        for _, mapping in objects(data, "mappings")
        for layer in names(objects(mapping, "layers"))
    ]


def _view(node: Node, data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that every data set of a pattern's phase has the view that the pattern names."""
    phase, pattern = _holder(node, "design_patterns"), _holder(node, "pattern")
    if not (phase and pattern and is_enabled(phase) and is_enabled(pattern)):
        return
    for _, dataset in enabled(data, "datasets"):
        known = names(objects(dataset, "batch_augmentations"))
        if phase.get("name") in texts(dataset, "phases") and node.value not in known:
            message = f"data set {dataset.get('name')!r} has no view {node.value!r}"
            yield Problem(node.path, message, _hint(node, known))


def _layer(node: Node, data: Mapping[str, Any]) -> Iterator[Problem]:
    within = node.keywords.get("x-layer-within")
    key = within or node.keywords.get("x-layer-of")
    if not key:
        return
    mapping = _holder(node, "layers") if key == "self" else _named_by(key, node, data)
    if mapping is None:
        return
    layers = objects(mapping, "layers")
    known = names(objects_within(mapping.get("layers"), "") if within else layers)
    if node.value not in known:
        message = f"mapping {mapping.get('name')!r} has no layer called {node.value!r}"
        yield Problem(node.path, message, _hint(node, known))


def _named_by(key: str, node: Node, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the mapping whose name is the value of the nearest `key`; None if undeclared."""
    name = (_holder(node, key) or {}).get(key)
    named = (mapping for _, mapping in objects(data, "mappings") if mapping.get("name") == name)
    return next(named, None)


def _holder(node: Node, key: str) -> dict[str, Any] | None:
    """Return the innermost object that contains a value and has a key."""
    containers = (parent.value for parent in reversed(node.parents))
    return next((value for value in containers if isinstance(value, dict) and key in value), None)


def _hint(node: Node, known: list[str]) -> str:
    return suggestion(node.value, known) if known else "none is declared"
