"""The metrics that every evaluation has, as the schema of `metrics` in a method file lists them."""

import json
from functools import cache

from dcrf.schema.package_data import SCHEMA, json_text


@cache
def default_metrics(need: str) -> tuple[str, ...]:
    """Return the default metrics that need `labels`, or `features` for data without labels."""
    method = json.loads(json_text(SCHEMA / "method.json"))
    return tuple(method["properties"]["metrics"]["x-defaults"][need])
