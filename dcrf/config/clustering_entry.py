"""Check the entry of a clustering that stands alone, on the command line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from dcrf.config.defaults import filled
from dcrf.config.json_paths import moved
from dcrf.config.method_config import Options
from dcrf.config.parse_json import value_of
from dcrf.config.rules.schema_errors import problems
from dcrf.errors import ConfigError, Problem

_PATH = "$.reclusterings[0].clustering"


def checked_clustering(text: str, option: str) -> Options:
    """Return the entry of a clustering with its defaults.

    Args:
        text: the name of a clustering, or a JSON object with it and its options.
        option: the command-line option with this value, for the error.

    Raises:
        ConfigError: it is not the entry of a clustering.
    """
    try:
        value: Any = value_of(text)
    except ValueError as error:
        if text.lstrip().startswith("{"):
            remedy = """write for example '{"method": "dbscan", "eps": 0.5}', in single quotes"""
            problem = Problem("$", f"not JSON: {error}", remedy)
            raise ConfigError(option, [problem]) from error
        value = text
    method = {"reclusterings": [{"name": "clustering", "clustering": value}]}
    # the keys that a method needs beside it are missing, which are problems of other paths
    own = [p for p in problems(method) if moved(p.path, _PATH, "$") != p.path]
    if own:
        raise ConfigError(option, [replace(p, path=moved(p.path, _PATH, "$")) for p in own])
    entry: Options = filled(method, Path())["reclusterings"][0]["clustering"]
    return entry
