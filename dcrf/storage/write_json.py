"""Write JSON as people do."""

import json
from typing import Any

_LINE = 100


def readable(value: Any, indent: str = "", before: str = "") -> str:
    """Return JSON with short objects on one line and long lists wrapped at the line length."""
    line, inner = json.dumps(value), indent + "  "
    if len(indent + before + line) < _LINE or not isinstance(value, list | dict):
        return line
    if isinstance(value, list):
        items = [readable(item, inner) for item in value]
        return f"[\n{_filled(items, inner)}\n{indent}]"
    keys = {name: f"{json.dumps(name)}: " for name in value}
    parts = [inner + keys[name] + readable(value[name], inner, keys[name]) for name in value]
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


def _filled(items: list[str], indent: str) -> str:
    """Join items with commas, wrapped at the line length."""
    lines = [indent + items[0]]
    for item in items[1:]:
        lines[-1] += ","
        if len(lines[-1]) + 1 + len(item) < _LINE:
            lines[-1] += f" {item}"
        else:
            lines.append(indent + item)
    return "\n".join(lines)
