"""Train the first phase of a method by itself, once for all methods that have it.

Random numbers come from streams by purpose and phase, and a phase without clusters leaves nothing
but parameters. So a method that loads them has the results of one that trains them itself.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.config import load_checked
from dcrf.config.method_config import MethodConfig
from dcrf.errors import ConfigError
from dcrf.recombination.data_digest import data_digest
from dcrf.schema.registry import DESIGN_PATTERNS
from dcrf.storage.atomic_files import write_json
from dcrf.storage.digests import digest

_FROM_METHOD = ("device", "precision", "compile")
_NAME = "start"
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Start:
    """The first phase of a method, which trains mappings without clusters.

    phase: its name.
    next_phase: the name of the phase after it.
    parts: the mappings that it trains.
    method: a method of this phase alone, without a name. Equal ones train equal parameters.
    data: the digest of what it reads.
    """

    phase: str
    next_phase: str
    parts: tuple[str, ...]
    method: Mapping[str, Any]
    data: str

    @property
    def key(self) -> str:
        """The digest of everything that the parameters depend on, beside the seed."""
        return digest([self.method, self.data])

    def write_method(self, folder: Path, seed: int) -> Path:
        """Write the method of the phase, which saves the mappings in the folder; return its file.

        Args:
            folder: of one key and seed.
            seed: of the method.
        """
        saves = [
            {"part_name": part, "path_to_file_or_dir": str(_parameters(folder, part))}
            for part in self.parts
        ]
        (phase,) = self.method["phases"]
        file = folder.absolute() / f"{_NAME}.json"
        name = f"{_NAME}_{self.key[:_DIGITS]}"
        phases = [{**phase, "save_parameters": saves}]
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, {"name": name, "seed": seed, **self.method, "phases": phases})
        return file

    def is_trained(self, folder: Path) -> bool:
        """Whether the folder has all mappings, which the run saves at its end."""
        return all(_parameters(folder, part).exists() for part in self.parts)

    def changes(self, folder: Path) -> list[dict[str, Any]]:
        """Return the changes of phases with which a method loads the mappings instead."""
        loads = [
            {"part_name": part, "path_to_file": str(_parameters(folder, part))}
            for part in self.parts
        ]
        return [
            {"name": self.phase, "enabled": False},
            {"name": self.next_phase, "load_parameters": loads},
        ]

    def settings(self, folder: Path) -> list[str]:
        """Return the flags with which a method loads the mappings and leaves the phase out."""
        return [
            word
            for phase in self.changes(folder)
            for key, value in phase.items()
            if key != "name"
            for word in ("--set", f"phases[{phase['name']}].{key}={json.dumps(value)}")
        ]


def start_of(config: MethodConfig) -> Start | None:
    """Return the first phase of a method, or None if its parameters are not all that it leaves."""
    if len(config.datasets) != 1 or len(config.phases) == 1:
        return None
    first, second, *_ = config.phases
    (dataset,) = config.datasets
    named: list[str | None] = [*_strings(config.filled["cluster_assignment_strategy"])]
    named += [reclustering.after_phase for reclustering in config.reclusterings]
    stems = {pattern.stem for pattern in first.design_patterns}
    mappings = {mapping.name for mapping in config.mappings}
    parts = {part for optimizer in first.optimizers for part in optimizer.trained_parts}
    is_alone = (
        parts
        and parts <= mappings
        and first.name not in named
        and first.performance_evaluation_interval is None
        and not (first.loads or first.saves or second.loads)
        and not any(_needs(stem) for stem in stems)
        and {*dataset.phases} >= {first.name, second.name}
    )
    if not is_alone:
        return None
    content = config.filled
    phase = _named(content["phases"], first.name)
    used = _with_priors({*_strings(phase)} & mappings, config)
    method = {
        **{key: content[key] for key in _FROM_METHOD},
        "mappings": [entry for entry in content["mappings"] if entry["name"] in used],
        "phases": [phase],
        "cluster_assignment_strategy": {
            "type": "classical_clustering_in_feature_space_after_phase",
            "classical_clustering_in_feature_space_after_phase": first.name,
            "classical_clustering_method_after_phase": "random",
        },
        "datasets": [{**_named(content["datasets"], dataset.name), "phases": [first.name]}],
    }
    try:
        load_checked({"name": _NAME, **method})
    except ConfigError:  # its mappings do not stand alone
        return None
    data = data_digest(config.datasets)
    return Start(first.name, second.name, tuple(sorted(parts)), method, data)


def _named(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _parameters(folder: Path, part: str) -> Path:
    return folder.absolute() / f"{part}.safetensors"


def _needs(stem: str) -> bool:
    """Whether a pattern may need clusters or features of them."""
    schema = DESIGN_PATTERNS.schemas[stem]
    return "x-needs" in schema or any(
        "x-needs" in b.get("then", {}) for b in schema.get("allOf", ())
    )


def _with_priors(names: set[str], config: MethodConfig) -> set[str]:
    priors = {mapping.name: mapping.prior_mapping_name for mapping in config.mappings}
    used = set(names)
    while missing := {prior for name in used if (prior := priors[name])} - used:
        used |= missing
    return used


def _strings(value: Any) -> Iterator[str]:
    """Yield every string in a value of a file."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
