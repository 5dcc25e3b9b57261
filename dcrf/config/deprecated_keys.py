"""Understand the keys of older files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.safe_lookup import objects, subobject
from dcrf.errors import Problem

_METHOD = {"training_device": "device"}
_OPTIMIZER = {"trained_mappings": "trained_mapping_names"}
_AFTER_PHASE = "classical_clustering_in_feature_space_after_phase"
_STRATEGY = {
    "classical_clustering_after_phase": _AFTER_PHASE,
    "classical_clustering_after_phase_method": "classical_clustering_method_after_phase",
    "classical_clustering_after_phase_num_restarts": f"{_AFTER_PHASE}_num_restarts",
}
_ALL = _METHOD | _OPTIMIZER | _STRATEGY
_SPELLINGS = _ALL | {new: old for old, new in _ALL.items()}


@dataclass(frozen=True, slots=True)
class Renamed:
    """A key that was written in an older way, at the JSON path `old`, and is now at `new`."""

    old: str
    new: str

    @property
    def note(self) -> str:
        """What a person should know."""
        return f"{self.old} is deprecated; write {self.new.rsplit('.', 1)[-1]!r}"


def other_spelling(key: str) -> str | None:
    """Return the older name of a key, or the newer one of an older name, if there is any."""
    return _SPELLINGS.get(key)


def rename(data: dict[str, Any]) -> tuple[list[Renamed], list[Problem]]:
    """Give older keys of a method their present names, in place.

    Returns:
        What was renamed, and a problem for each key that stands there under both names.
    """
    renamed: list[Renamed] = []
    problems: list[Problem] = []
    for path, entry, names in _places(data):
        for old in names.keys() & entry.keys():
            change = Renamed(child(path, old), child(path, names[old]))
            if names[old] in entry:
                found = f"{old!r} and {names[old]!r} mean the same"
                problems.append(Problem(change.old, found, f"keep {names[old]!r}"))
                del entry[old]
            else:
                entry[names[old]] = entry.pop(old)
                renamed.append(change)
    return renamed, problems


def _places(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Yield the objects in which older keys may stand: path, object, old name -> new name."""
    yield "$", data, _METHOD
    strategy = subobject(data, "cluster_assignment_strategy")
    yield "$.cluster_assignment_strategy", strategy, _STRATEGY
    for path, phase in objects(data, "phases"):
        for optimizer_path, optimizer in objects(phase, "optimizers", path):
            yield optimizer_path, optimizer, _OPTIMIZER
