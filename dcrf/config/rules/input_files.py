"""Check that the files and folders of data sets exist."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.path_checks import is_file, is_folder, is_there
from dcrf.config.safe_lookup import enabled, objects
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every missing file or folder that a data set reads.

    The schema marks keys of such paths with `x-input`, and with `x-input-unless` a key that is true
    if the source creates the folder itself.
    """
    missing: list[Problem] = []
    for path, dataset in enabled(nodes["$"].value, "datasets"):
        keys = nodes[path].properties
        inputs = {key: keywords for key, keywords in keys.items() if "x-input" in keywords}
        for place, part in objects(dataset, "parts", path) or [(path, {})]:
            options = dataset | part
            for key, keywords in inputs.items():
                if options.get(keywords.get("x-input-unless", "")) is not True:
                    owner = place if key in part else path
                    missing += _missing(child(owner, key), options.get(key), keywords["x-input"])
    return missing


def mismatch(path: Path, kind: str) -> str:
    """Return how a path differs from an existing `file` or `folder`, for a message."""
    noun = "regular file" if kind == "file" else kind
    return f"is not a {noun}" if is_there(path) else "does not exist"


def _missing(path: str, value: Any, kind: str) -> Iterator[Problem]:
    is_right = is_file if kind == "file" else is_folder
    if isinstance(value, str) and not is_right(Path(value)):
        remedy = "paths start at the folder of the method file"
        yield Problem(path, f"the {kind} {value!r} {mismatch(Path(value), kind)}", remedy)
