"""Write out the layers of mappings that mirror another one: `"mirror_of": "encoder"`."""

from collections.abc import Iterator, Mapping
from typing import Any

from dcrf.config.json_paths import child, moved
from dcrf.config.mirror_layers import mirror
from dcrf.config.rules.schema_errors import suggestion
from dcrf.config.rules.torch_signatures import POSITIONAL, check_call, unpoolings
from dcrf.config.safe_lookup import Entry, objects, text
from dcrf.config.write_blocks import Origins
from dcrf.errors import Problem
from dcrf.schema.registry import BLOCKS

_KEY, _SHAPE, _UNPOOLING = "mirror_of", "sample_shape", "unpooling"


def write_out(method: dict[str, Any], blocks: Origins) -> list[Problem]:
    """Replace `mirror_of` and its options by layers, in place.

    A mapping that has a problem keeps these keys, and so does one whose mirrored mapping has, since
    other rules report that.

    Args:
        method: a method with names and without blocks of layers, possibly invalid.
        blocks: the places of blocks in the file.
    """
    mappings = {text(mapping, "name"): (path, mapping) for path, mapping in _mappings(method)}
    mirrors = {name: text(mapping, _KEY) for name, (_, mapping) in mappings.items()}
    problems: list[Problem] = []
    for path, mapping in _mappings(method):
        source = text(mapping, _KEY)
        if source is None or source not in mappings or "layers" in mapping:
            continue
        if mirrors[source] is not None:
            problems.append(_mirror_of_mirror(child(path, _KEY), source, mirrors[source]))
        else:
            problems += _write_out(path, mapping, source, *mappings[source], blocks)
    return problems


def as_written(path: str, data: Mapping[str, Any]) -> str:
    """Return the path in a file of a value of the method: `mirror_of` for layers written out.

    Args:
        path: a JSON path in the filled method.
        data: the method as in the file.
    """
    for place, mapping in _mappings(data):
        layers = child(place, "layers")
        if _KEY in mapping and "layers" not in mapping and moved(path, layers, "") != path:
            return child(place, _KEY)
    return path


def _mappings(data: Mapping[str, Any]) -> list[Entry]:
    return objects(data, "mappings")


def _mirror_of_mirror(path: str, source: str, other: str | None) -> Problem:
    if other == source:
        return Problem(path, f"{source!r} mirrors itself", "name a mapping that has layers")
    message = f"{source!r} is itself a mirror, of {other!r}"
    return Problem(path, message, "name a mapping that has layers")


def _write_out(
    path: str,
    mapping: dict[str, Any],
    source: str,
    source_path: str,
    mirrored: dict[str, Any],
    blocks: Origins,
) -> Iterator[Problem]:
    unpooling = text(mapping, _UNPOOLING)
    if unpooling is not None and unpooling not in unpoolings():
        message = f"no layer that undoes a pool is called {unpooling!r}"
        yield Problem(child(path, _UNPOOLING), message, suggestion(unpooling, unpoolings()))
        return
    stack = objects(mirrored, "layers", source_path)
    shape = mapping.get(_SHAPE)
    is_valid = isinstance(shape, list) and all(type(size) is int and size > 0 for size in shape)
    if not _are_valid(mirrored.get("layers"), stack) or (shape is not None and not is_valid):
        return
    layers, errors = mirror(stack, source, tuple(shape) if shape else None, unpooling)
    for layer, error in errors:
        name = f" {layer.entry['name']!r}" if "name" in layer.entry else ""
        reason, remedy = error.args
        place = blocks.as_written(layer.path)
        message = f"layer {layer.kind}{name} of {source!r} at {place} cannot be mirrored"
        yield Problem(child(path, _KEY), f"{message}: {reason}", remedy)
    if not errors and not layers:
        message = f"{source!r} has no layer that changes the shape of its input"
        yield Problem(child(path, _KEY), message, "write layers")
    elif not errors:
        items = list(mapping.items())
        mapping.clear()
        for key, value in items:
            if key == _KEY:
                mapping["layers"] = layers
            elif key not in (_SHAPE, _UNPOOLING):
                mapping[key] = value


def _are_valid(layers: object, stack: list[Entry]) -> bool:
    """Whether all layers are entries without a problem that another rule reports."""
    if not isinstance(layers, list) or len(stack) != len(layers):
        return False
    for path, entry in stack:
        kind, listed = entry.get("type"), entry.get(POSITIONAL, [])
        if not isinstance(listed, list):
            return False
        keys = ("type", "name", POSITIONAL)
        arguments = {key: value for key, value in entry.items() if key not in keys}
        if kind in BLOCKS.stems or check_call("layers", kind, arguments, path, listed):
            return False
        if kind == "Sequential" and not _are_valid(listed, objects(entry, POSITIONAL, path)):
            return False
    return True
