"""Layers that other layers refer to by name, in the same mapping or in another one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dcrf.config.safe_lookup import Entry, objects_within, text

Layers = Iterable[tuple[str | None, str, Any]]
"""The name of each mapping, the JSON path of its layers, and the layers."""


def named_layers(mappings: Layers) -> Iterator[tuple[str, str, Entry]]:
    """Yield mapping, layer name and entry of all named layers, nested ones included."""
    for mapping, path, layers in mappings:
        for place, layer in objects_within(layers, path):
            name = text(layer, "name")
            if mapping is not None and name is not None and "type" in layer:
                yield mapping, name, (place, layer)


def meant_layers(mappings: Layers, own: str, reference: str) -> Mapping[str, Entry]:
    """Return `mapping.layer` -> entry of the layers that a reference may mean.

    It is the name of a layer of the same mapping, otherwise of any mapping, or `mapping.layer`. A
    valid reference means one layer.

    Args:
        mappings: of the method.
        own: the mapping of the layer that refers.
        reference: the name in the file.
    """
    named = [(mapping, f"{mapping}.{name}", name, e) for mapping, name, e in named_layers(mappings)]
    meant = {full: entry for _, full, name, entry in named if reference in (name, full)}
    of_own = {full: e for mapping, full, name, e in named if (mapping, name) == (own, reference)}
    return of_own or meant
