"""Which optimizer minimizes which loss, and when it acts."""

from collections.abc import Iterator, Mapping
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.safe_lookup import Entry, enabled, names, objects, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

Data = Mapping[str, Any]


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every optimizer that never acts, or acts on what another one trains."""
    found: list[Problem] = []
    for path, phase in enabled(nodes["$"].value, "phases"):
        stages = objects(phase, "optimizer_cycle", path)
        active = {name for _, stage in stages for name in texts(stage, "active_optimizer_names")}
        optimizers = objects(phase, "optimizers", path)
        found += _trained_twice(optimizers, [texts(s, "active_optimizer_names") for _, s in stages])
        is_clear = active <= set(names(optimizers))  # an unknown name may mean any optimizer
        if stages and is_clear:
            for place, optimizer in optimizers:
                found += _never_active(place, optimizer.get("name"), active)
    return found


def _never_active(path: str, name: object, active: set[str]) -> Iterator[Problem]:
    if name is None:
        found = "no stage of the optimizer_cycle can name an optimizer without a name"
        yield Problem(path, found, "give it a name, and name it in active_optimizer_names")
    elif isinstance(name, str) and name not in active:
        found = f"no stage of the optimizer_cycle names {name!r}, so it would never act"
        yield Problem(child(path, "name"), found, "name it in active_optimizer_names")


def _trained_twice(optimizers: list[Entry], stages: list[list[str]]) -> Iterator[Problem]:
    """Two optimizers that act in one iteration would each step as if the other did not."""
    for later, (place, optimizer) in enumerate(optimizers):
        for earlier, other in optimizers[:later]:
            if _act_together(optimizer, other, stages):
                remedy = f"leave it to one of them, {earlier} or {place}, or let them take turns"
                for part in _parts(place, optimizer).keys() & _parts(earlier, other).keys():
                    found = f"{part} would have two optimizers in one iteration"
                    yield Problem(_parts(place, optimizer)[part], found, remedy)


def _act_together(one: Data, other: Data, stages: list[list[str]]) -> bool:
    names = {text(one, "name"), text(other, "name")}
    return not stages or any(names <= {*stage} for stage in stages)


def _parts(path: str, optimizer: Data) -> dict[str, str]:
    """Return what an optimizer trains -> the JSON path that says so."""
    listed = child(path, "trained_mapping_names")
    names = texts(optimizer, "trained_mapping_names")
    parts = {f"mapping {name!r}": child(listed, i) for i, name in enumerate(names)}
    if optimizer.get("optimizes_centroids") is True:
        parts["the centroids"] = child(path, "optimizes_centroids")
    return parts
