"""Check that every layer that another layer refers to exists, is the only one, and of its type."""

from collections.abc import Iterator
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.layer_references import Layers, meant_layers, named_layers
from dcrf.config.rules.schema_errors import suggestion
from dcrf.config.rules.suggestions import listed
from dcrf.config.rules.torch_signatures import references
from dcrf.config.safe_lookup import objects, objects_within, text
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem


def problems(nodes: Nodes) -> list[Problem]:
    """Return the problems of all references from layer to layer."""
    mappings = [
        (text(mapping, "name"), child(path, "layers"), mapping.get("layers"))
        for path, mapping in objects(nodes["$"].value, "mappings")
    ]
    return [
        problem
        for own, path, layers in mappings
        for place, layer in objects_within(layers, path)
        for problem in _problems_of(layer, place, own or "", mappings)
    ]


def _problems_of(layer: dict[str, Any], path: str, own: str, mappings: Layers) -> Iterator[Problem]:
    for argument, types in references(layer.get("type")).items():
        reference, place = layer.get(argument), child(path, argument)
        if reference is None and argument in layer:
            yield Problem(place, "null names no layer", "write the name of a layer")
        if not isinstance(reference, str):
            continue  # the signature's rule reports it
        meant = meant_layers(mappings, own, reference)
        if not meant:
            known = [name for _, name, (_, other) in named_layers(mappings) if other is not layer]
            remedy = suggestion(reference, known) if known else "no layer has a name: name it"
            yield Problem(place, f"no layer is called {reference!r}", remedy)
        elif len(meant) > 1:
            message = f"several layers are called {reference!r}"
            yield Problem(place, message, f"write one of {listed([*meant])}")
        else:
            ((_, entry),) = meant.values()
            if (kind := entry.get("type")) not in types:
                message = f"{reference!r} is of type {kind!r}"
                yield Problem(place, message, f"name a layer of type {listed(types)}")
