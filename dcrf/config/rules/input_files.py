"""Check that the files and folders that a method reads exist."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from dcrf.config.json_paths import child
from dcrf.config.path_checks import is_file, is_folder, is_there
from dcrf.config.safe_lookup import enabled, objects
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem


class _Kind(NamedTuple):
    noun: str
    is_right: Callable[[Path], bool]


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "file": _Kind("regular file", is_file),
        "folder": _Kind("folder", is_folder),
        "file_or_folder": _Kind("regular file or folder", lambda p: is_file(p) or is_folder(p)),
    }
)
"""Value of `x-input` -> its noun, and whether a path is one."""


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every missing file or folder that is read.

    Schemas mark keys of such paths with `x-input`, and that of a source with `x-input-unless` a key
    that is true if the source creates the folder itself.
    """
    missing: list[Problem] = [*_missing_of_others(nodes)]
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


def _missing_of_others(nodes: Nodes) -> Iterator[Problem]:
    """Yield a problem for every missing file that a part of a data set or phase names."""
    data = nodes["$"].value
    entries = [
        nodes[child(path, "side_targets")]
        for path, d in enabled(data, "datasets")
        if "side_targets" in d
    ]
    for path, phase in enabled(data, "phases"):
        entries += [nodes[place] for place, _ in enabled(phase, "design_patterns", path)]
    for entry in entries:
        for node in entry.children():
            if "x-input" in node.keywords:
                yield from _missing(node.path, node.value, node.keywords["x-input"])


def mismatch(path: Path, kind: str) -> str:
    """Return how a path differs from an existing `file` or `folder`, for a message."""
    return f"is not a {_KINDS[kind].noun}" if is_there(path) else "does not exist"


def _missing(path: str, value: Any, kind: str) -> Iterator[Problem]:
    if isinstance(value, str) and not _KINDS[kind].is_right(Path(value)):
        remedy = "paths start at the folder of the method file"
        name = kind.replace("_", " ")
        yield Problem(path, f"the {name} {value!r} {mismatch(Path(value), kind)}", remedy)
