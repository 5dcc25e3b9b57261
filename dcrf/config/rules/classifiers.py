"""Classifiers: that there is one, and that their output is taken for what it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.rules.references import CLASSIFIERS, mappings_of
from dcrf.config.rules.torch_signatures import is_known
from dcrf.config.safe_lookup import Entry, objects, text
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

Data = Mapping[str, Any]
_LEFT_OUT = ("Softmax", "LogSoftmax")
_NOT_LOGITS = ("softmax", "log_softmax", "softmin")
_REMEDY = "end the layers with Softmax, or name it in softmax_layer_name"


def problems(nodes: Nodes) -> list[Problem]:
    """Return what is wrong with the classifiers of a method, in filled data."""
    data = nodes["$"].value
    found = list(_no_classifier(nodes))
    for path, mapping in objects(data, "mappings"):
        if mapping.get("type") in CLASSIFIERS:
            found += [*_softmax_layer(path, mapping), *_softmax_function(path, mapping)]
            found += _softmax_inside(path, mapping)
    return found


def _no_classifier(nodes: Nodes) -> Iterator[Problem]:
    strategy = nodes.get("$.cluster_assignment_strategy")
    if strategy is None or not isinstance(strategy.value, dict):
        return
    needs_classifier = "classifiers" in strategy.union("x-needs")
    if needs_classifier and not mappings_of(nodes["$"].value, CLASSIFIERS):
        remedy = f"declare a mapping of type {' or '.join(CLASSIFIERS)}"
        yield Problem(child(strategy.path, "type"), "the method has no classifier", remedy)


def _softmax_layer(path: str, mapping: Data) -> Iterator[Problem]:
    """What is left out must be a softmax; that it is there `references` checks."""
    name = text(mapping, "softmax_layer_name")
    if name is None:
        return
    kinds = [
        layer.get("type") for _, layer in objects(mapping, "layers") if layer.get("name") == name
    ]
    for kind in kinds:
        if is_known("layers", kind) and kind not in _LEFT_OUT:
            found = f"layer {name!r} is of type {kind}"
            remedy = "name a layer of type Softmax or LogSoftmax"
            yield Problem(child(path, "softmax_layer_name"), found, remedy)


def _softmax_function(path: str, mapping: Data) -> Iterator[Problem]:
    """After a function nobody can leave the softmax out, and logits would be none."""
    for place, entry in objects(mapping, "post_processing_functions", path):
        name = entry.get("function_name")
        if name in _NOT_LOGITS:
            found = f"{name} among the post-processing functions of a classifier"
            yield Problem(child(place, "function_name"), found, _REMEDY)


def _softmax_inside(path: str, mapping: Data) -> Iterator[Problem]:
    """A last layer that is not left out, though it gives probabilities."""
    layers = objects(mapping, "layers", path)
    last = _last(layers[-1]) if layers else None
    if last is None:
        return
    place, kind = last
    is_nested = place != layers[-1][0]
    if kind == "Softmin" or (is_nested and kind == "Softmax"):
        where = "inside the last layer" if is_nested else "as the last layer"
        yield Problem(place, f"{kind} {where} of a classifier gives no logits", _REMEDY)


def _last(layer: Entry) -> tuple[str, Any]:
    """Return path and type of the layer that runs last within a layer."""
    path, entry = layer
    inner = objects(entry, "positional_arguments", path)
    if entry.get("type") == "Sequential" and inner:
        return _last(inner[-1])
    return path, entry.get("type")
