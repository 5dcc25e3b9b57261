"""The metrics that every evaluation has, as the schema of `metrics` in a method file lists them."""

from functools import cache

from dcrf.schema.package_data import SCHEMA, json_content


@cache
def default_metrics(need: str) -> tuple[str, ...]:
    """Return the default metrics that need `labels`, or `features` for data without labels."""
    method = json_content(SCHEMA / "method.json")
    return tuple(method["properties"]["metrics"]["x-defaults"][need])
