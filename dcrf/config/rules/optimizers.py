"""Check that every optimizer acts, and that no two train the same part at once."""

from collections.abc import Iterator, Mapping
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.parts import trained_parts
from dcrf.config.safe_lookup import Entry, enabled, names, objects, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

Data = Mapping[str, Any]


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every optimizer that never acts, or shares a part with another one."""
    all_problems: list[Problem] = []
    for path, phase in enabled(nodes["$"].value, "phases"):
        optimizers = objects(phase, "optimizers", path)
        stages = [
            texts(stage, "active_optimizer_names")
            for _, stage in objects(phase, "optimizer_cycle", path)
        ]
        all_problems += _trained_twice(optimizers, stages)
        active = {name for stage in stages for name in stage}
        if stages and active <= {*names(optimizers)}:  # an unknown name may mean any optimizer
            for place, optimizer in optimizers:
                all_problems += _never_active(place, optimizer.get("name"), active)
    return all_problems


def _never_active(path: str, name: object, active: set[str]) -> Iterator[Problem]:
    if name is None:
        message = "the optimizer has no name, so no stage of the optimizer_cycle activates it"
        yield Problem(path, message, "give it a name, and add it to active_optimizer_names")
    elif isinstance(name, str) and name not in active:
        message = f"no stage of the optimizer_cycle activates {name!r}"
        yield Problem(child(path, "name"), message, "add it to active_optimizer_names")


def _trained_twice(optimizers: list[Entry], stages: list[list[str]]) -> Iterator[Problem]:
    for later, (place, optimizer) in enumerate(optimizers):
        for earlier, other in optimizers[:later]:
            if _act_together(optimizer, other, stages):
                remedy = f"name it in {earlier} or {place} only, or activate them in turns"
                parts, others = trained_parts((place, optimizer)), trained_parts((earlier, other))
                for part in parts.keys() & others.keys():
                    message = f"two optimizers train {part!r} in one iteration"
                    yield Problem(parts[part], message, remedy)


def _act_together(first: Data, second: Data, stages: list[list[str]]) -> bool:
    names = {text(first, "name"), text(second, "name")}
    return not stages or any(names <= {*stage} for stage in stages)
