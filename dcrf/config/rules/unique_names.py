"""Check that names are unique and usable: in references, in logs and in file names."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from dcrf.config.file_names import clean_name
from dcrf.config.json_paths import child
from dcrf.config.parts import STRATEGY_PARTS
from dcrf.config.rules.schema_errors import shown
from dcrf.config.safe_lookup import Entry, enabled, objects, objects_within, text
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.safety.limits import NAME_BYTES

Data = Mapping[str, Any]


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every name that is unusable, or taken, or shares a file name."""
    data = nodes["$"].value
    return [*_unusable(nodes["$"]), *_duplicates(data), *_shared_files(data)]


def _unusable(node: Node) -> Iterator[Problem]:
    """Check names for logs, and those of everything that is saved also for file names."""
    data = node.value
    parts = [
        *objects(data, "mappings"),
        *objects(data, "reclusterings"),
        *enabled(data, "datasets"),
    ]
    phases = enabled(data, "phases")
    others = [entry for path, phase in phases for entry in objects(phase, "design_patterns", path)]
    for path, entry in [(node.path, data), *parts, *phases, *others]:
        name = text(entry, "name")
        if name is not None and not name.isprintable():
            message = f"{shown(name)} has a character that cannot be printed"
            yield Problem(child(path, "name"), message, "a name is one line of plain text")
    for path, entry in [(node.path, data), *parts]:
        name = text(entry, "name")
        if name is not None and len(clean_name(name).encode()) > NAME_BYTES:
            message = f"{shown(name)} is too long for a file name"
            yield Problem(child(path, "name"), message, f"at most {NAME_BYTES} bytes as UTF-8")


def _duplicates(data: Data) -> Iterator[Problem]:
    yield from _called_twice("mapping", objects(data, "mappings"))
    yield from _called_twice("reclustering", objects(data, "reclusterings"))
    yield from _called_twice("phase", enabled(data, "phases"))
    yield from _called_twice("data set", enabled(data, "datasets"))
    for path, mapping in objects(data, "mappings"):
        layers = objects_within(mapping.get("layers"), child(path, "layers"))
        yield from _called_twice("layer", [entry for entry in layers if "type" in entry[1]])
    for path, dataset in objects(data, "datasets"):
        yield from _called_twice("view", objects(dataset, "batch_augmentations", path))
    for path, phase in objects(data, "phases"):
        yield from _called_twice("design pattern", enabled(phase, "design_patterns", path))


def _called_twice(kind: str, entries: list[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, entry in entries:
        name = text(entry, "name")
        if name in seen:
            message = f"another {kind} is called {name!r}"
            yield Problem(child(path, "name"), message, f"give each {kind} a different name")
        elif name is not None:
            seen.add(name)


def _shared_files(data: Data) -> list[Problem]:
    """Check that names differ as file names, which leave out some characters."""
    mappings = _named(objects(data, "mappings"))
    reclusterings = _named(objects(data, "reclusterings"))
    datasets = _named(enabled(data, "datasets"))
    reserved = {name: f"the part {name!r}" for name in STRATEGY_PARTS}
    taken = reserved | {clean_name(name): f"mapping {name!r}" for name in mappings}
    alone = [
        *_alike("mapping", mappings, reserved),
        *_alike("reclustering", reclusterings, taken),
        *_alike("data set", datasets, {}),
    ]
    return alone or list(_alike_together(datasets, [*mappings, *reclusterings]))


def _named(entries: list[Entry]) -> dict[str, str]:
    """Return name -> JSON path; of a duplicate name, the first path."""
    named: dict[str, str] = {}
    for path, entry in entries:
        name = text(entry, "name")
        if name is not None:
            named.setdefault(name, child(path, "name"))
    return named


def _alike(kind: str, named: Mapping[str, str], taken: Mapping[str, str]) -> Iterator[Problem]:
    seen = dict(taken)
    for name, path in named.items():
        other = seen.setdefault(clean_name(name), f"{kind} {name!r}")
        if other != f"{kind} {name!r}":
            message = f"in file names, {name!r} equals {other}"
            yield Problem(path, message, f"give the {kind} another name")


def _alike_together(datasets: Mapping[str, str], parts: Sequence[str]) -> Iterator[Problem]:
    """Check pairs: data set `a_b` with mapping `c` has the files of `a` with `b_c`."""
    seen: dict[str, tuple[str, str]] = {}
    for dataset, part in product(datasets, [*parts, *STRATEGY_PARTS]):
        together = f"{clean_name(dataset)}_{clean_name(part)}"
        other = seen.setdefault(together, (dataset, part))
        if other != (dataset, part):
            message = (
                f"the files of {part!r} have the names of those of {other[1]!r} on {other[0]!r}"
            )
            yield Problem(datasets[dataset], message, "give the data set another name")
