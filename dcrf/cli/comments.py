"""Comments in a method file that say what its entries are."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.schema_lookup import KIND_BY_URI, Node, Nodes, nodes_of
from dcrf.schema.special_words import COMMENT

_WIDTH = 90


def commented(content: Mapping[str, Any], first: Sequence[str]) -> dict[str, Any]:
    """Return a method with a comment in the whole, each mapping and each entry that names a part.

    Args:
        content: of a method file.
        first: sentences on the whole, before those on its sections.
    """
    nodes = nodes_of(content)
    keys = nodes["$"].properties
    sections = [f"{key}: {keys[key]['description']}" for key, v in content.items() if _is_long(v)]
    return {COMMENT: [*first, *sections], **_commented(content, "$", nodes)}


def _is_long(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, Mapping) for item in items)


def _commented(value: Any, path: str, nodes: Nodes) -> Any:
    if isinstance(value, list):
        return [_commented(item, child(path, i), nodes) for i, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    inner = {key: _commented(item, child(path, key), nodes) for key, item in value.items()}
    lines = textwrap.wrap(_text(nodes[path]), _WIDTH)
    if not lines:
        return inner
    return {COMMENT: lines if len(lines) > 1 else lines[0], **inner}


def _text(node: Node) -> str:
    """Return the description of the part that an entry names, or of its role; may be empty."""
    for subschema in node.schemas:
        registry = KIND_BY_URI.get(subschema.base)
        if registry is not None and (name := node.value.get(registry.key)) in registry.stems:
            return str(registry.schemas[registry.stems[name]]["description"])
    texts = (
        dict(zip(keywords["enum"], keywords["enumDescriptions"], strict=True)).get(node.value[key])
        for key, keywords in node.properties.items()
        if "enumDescriptions" in keywords and key in node.value
    )
    return " ".join(filter(None, texts))
