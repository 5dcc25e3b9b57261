"""Check that frozen parts of a phase keep their parameters, and that its optimizers still train."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.parts import trained_parts
from dcrf.config.rules.torch_signatures import has_parameters
from dcrf.config.safe_lookup import Entry, enabled, objects, objects_within, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every phase that freezes too much, or parts that a pattern moves."""
    data = nodes["$"].value
    all_problems: list[Problem] = []
    for phase in enabled(data, "phases"):
        frozen = texts(phase[1], "frozen_parts")
        frozen += [m for m in _mappings(data) if _all_layers_in(frozen, m, _mappings(data)[m])]
        all_problems += _nothing_to_train(phase, frozen)
        all_problems += _moved_by_patterns(phase, frozen, nodes)
    return all_problems


def _mappings(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: m for _, m in objects(data, "mappings") if (name := text(m, "name"))}


def _all_layers_in(frozen: Collection[str], name: str, mapping: Mapping[str, Any]) -> bool:
    """Whether all layers of a mapping that have parameters are frozen by their names."""
    trainable = [
        layer
        for _, layer in objects(mapping, "layers")
        if any(has_parameters(inner.get("type")) for _, inner in objects_within(layer, ""))
    ]
    return bool(trainable) and all(f"{name}.{text(e, 'name')}" in frozen for e in trainable)


def _nothing_to_train(phase: Entry, frozen: Collection[str]) -> Iterator[Problem]:
    path, entry = phase
    for place, optimizer in objects(entry, "optimizers", path):
        parts = trained_parts((place, optimizer))
        if parts and parts.keys() <= {*frozen}:
            message = f"the optimizer trains frozen parts only: {', '.join(parts)}"
            yield Problem(place, message, "remove the optimizer, or some of its frozen_parts")


def _moved_by_patterns(phase: Entry, frozen: Collection[str], nodes: Nodes) -> Iterator[Problem]:
    path, entry = phase
    for place, pattern in enabled(entry, "design_patterns", path):
        for part in sorted(nodes[place].updated_parts() & {*frozen}):
            message = f"{pattern.get('name')!r} moves {part!r}, which the phase freezes"
            yield Problem(child(path, "frozen_parts"), message, "remove one of the two")
