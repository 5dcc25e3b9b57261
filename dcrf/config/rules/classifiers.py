"""Check that a method has the classifiers it needs, and that their outputs are logits."""

from collections.abc import Iterator, Mapping
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.rules.references import CLASSIFIERS, mappings_of
from dcrf.config.rules.torch_signatures import is_known
from dcrf.config.safe_lookup import Entry, objects, text
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

Data = Mapping[str, Any]
_SOFTMAX_LAYERS = ("Softmax", "LogSoftmax")
_SOFTMAX_FUNCTIONS = ("softmax", "log_softmax", "softmin")
_REMEDY = "end the layers with Softmax, or name it in softmax_layer_name"


def problems(nodes: Nodes) -> list[Problem]:
    """Return the problems of a method's classifiers."""
    all_problems = list(_no_classifier(nodes))
    for path, mapping in objects(nodes["$"].value, "mappings"):
        if mapping.get("type") in CLASSIFIERS:
            all_problems += _softmax_layer(path, mapping)
            all_problems += _softmax_function(path, mapping)
            all_problems += _softmax_inside(path, mapping)
    return all_problems


def _no_classifier(nodes: Nodes) -> Iterator[Problem]:
    strategy = nodes.get("$.cluster_assignment_strategy")
    if strategy is None or not isinstance(strategy.value, dict):
        return
    needs_classifier = "classifiers" in strategy.union("x-needs")
    if needs_classifier and not mappings_of(nodes["$"].value, CLASSIFIERS):
        remedy = f"declare a mapping of type {' or '.join(CLASSIFIERS)}"
        yield Problem(child(strategy.path, "type"), "the method has no classifier", remedy)


def _softmax_layer(path: str, mapping: Data) -> Iterator[Problem]:
    """Check the type of the layer in `softmax_layer_name`; `references` checks that it exists."""
    name = text(mapping, "softmax_layer_name")
    if name is None:
        return
    for _, layer in objects(mapping, "layers"):
        kind = layer.get("type")
        if layer.get("name") == name and is_known("layers", kind) and kind not in _SOFTMAX_LAYERS:
            message = f"layer {name!r} is of type {kind}"
            remedy = "name a layer of type Softmax or LogSoftmax"
            yield Problem(child(path, "softmax_layer_name"), message, remedy)


def _softmax_function(path: str, mapping: Data) -> Iterator[Problem]:
    """Check for a softmax function, which cannot be left out to get logits."""
    for place, entry in objects(mapping, "post_processing_functions", path):
        name = entry.get("function_name")
        if name in _SOFTMAX_FUNCTIONS:
            message = f"{name} among the post-processing functions of a classifier"
            yield Problem(child(place, "function_name"), message, _REMEDY)


def _softmax_inside(path: str, mapping: Data) -> Iterator[Problem]:
    """Check for a softmax that cannot be left out: a nested one at the end, or a Softmin."""
    layers = objects(mapping, "layers", path)
    if not layers:
        return
    place, kind = _last(layers[-1])
    is_nested = place != layers[-1][0]
    if kind == "Softmin" or (is_nested and kind == "Softmax"):
        position = "inside the last layer" if is_nested else "as the last layer"
        message = f"{kind} {position} of a classifier: the output is not logits"
        yield Problem(place, message, _REMEDY)


def _last(layer: Entry) -> tuple[str, Any]:
    """Return path and type of the innermost layer that runs last."""
    path, entry = layer
    inner = objects(entry, "positional_arguments", path)
    if entry.get("type") == "Sequential" and inner:
        return _last(inner[-1])
    return path, entry.get("type")
