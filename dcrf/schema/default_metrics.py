"""The metrics that every evaluation has, as the schema of `metrics` in a method file lists them."""

import json
from functools import cache

from dcrf.schema.registry import SCHEMA


@cache
def default_metrics(need: str) -> tuple[str, ...]:
    """Return the default metrics that need `labels`, or `features` for data without labels."""
    method = json.loads((SCHEMA / "method.json").read_text())
    return tuple(method["properties"]["metrics"]["x-defaults"][need])
