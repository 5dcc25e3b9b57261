"""Read the results of run folders, to compare methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dcrf.config.defaults import filled
from dcrf.reporting.comparison import MethodRuns
from dcrf.reporting.records import Outcome
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import CONFIGURATION, ENVIRONMENT, RESULT, runs_below
from dcrf.schema.registry import SOURCES
from dcrf.storage.atomic_files import read_json
from dcrf.storage.digests import digest

NO_SETTINGS = ("$schema", "seed", "device", "name", "description", "references")
"""Keys of a configuration that may differ between runs that are averaged."""
_COMMIT_DIGITS = 10


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run folder.

    method: the name of the method.
    settings: the digest of the configuration without seed and device.
    release, commit: of dcrf; None if they are unknown.
    data: name of a data set -> the digest of what it reads.
    is_trained: whether the method has optimizers, unlike a classical clustering of samples.
    outcome: None unless the run has ended with `ok`.
    status: how the run has ended, or that it has not.
    """

    folder: Path
    method: str
    settings: str
    release: str | None
    commit: str | None
    data: Mapping[str, str]
    is_trained: bool
    outcome: Outcome | None
    status: str


def saved_runs(paths: Sequence[Path]) -> list[SavedRun]:
    """Return the runs in folders, oldest first in each.

    Args:
        paths: run folders, or folders that contain some at any depth.

    Raises:
        DataError: a path is not a folder, or contains no run.
    """
    return [_read(folder) for folder in runs_below(paths)]


def methods_of(runs: Sequence[SavedRun]) -> tuple[list[MethodRuns], list[str]]:
    """Group runs by method, settings and version; return the groups, and notes on single ones.

    Runs of one name with other settings, or of another release of dcrf, are another method, and
    have a number behind the name. Only if each data set has one of these settings, they are one
    method with settings of its own for each data set. Of several finished runs of a seed, the
    newest one counts.
    """
    by_name: dict[str, dict[tuple[str, str | None], list[SavedRun]]] = {}
    for run in runs:
        by_name.setdefault(run.method, {}).setdefault((run.settings, run.release), []).append(run)
    methods: list[MethodRuns] = []
    notes: list[str] = []
    for name, groups in by_name.items():
        own = list(groups.values())
        if len(own) > 1 and _are_of_different_data(own):
            parts = [_method(name, group, notes) for group in own]
            methods.append(_joined(name, parts))
            data = ", ".join(dict.fromkeys(d for group in own for d in group[0].data))
            notes.append(f"{name} has settings of its own on each of {data}")
            continue
        for number, group in enumerate(own, 1):
            numbered = name if number == 1 else f"{name} ({number})"
            if number > 1:
                notes.append(f"{numbered} has {_difference(own[0][0], group[0], name)}")
            methods.append(_method(numbered, group, notes))
    return methods, list(dict.fromkeys(notes))


def _are_of_different_data(groups: Sequence[Sequence[SavedRun]]) -> bool:
    """Whether groups have one release, and no data set in common."""
    names = [name for group in groups for name in group[0].data]
    return len({group[0].release for group in groups}) == 1 and len(names) == len(set(names))


def _difference(first: SavedRun, other: SavedRun, name: str) -> str:
    if first.settings != other.settings:
        return f"other settings than {name}: {other.folder}"
    return f"another release of dcrf than {name}, {other.release or 'unknown'}: {other.folder}"


def _method(name: str, runs: Sequence[SavedRun], notes: list[str]) -> MethodRuns:
    """Return the runs of one group as a method, and append notes on them."""
    by_seed: dict[int, Outcome] = {}
    folders: dict[tuple[int, str], Path] = {}
    for run in runs:
        if run.outcome is not None and run.outcome.seed is not None:
            if run.outcome.seed in by_seed:
                notes.append(f"{name}, seed {run.outcome.seed}: the newest run counts")
            by_seed[run.outcome.seed] = run.outcome
            for record in run.outcome.datasets:
                folders[run.outcome.seed, record.dataset] = run.folder
    flags = {flag for outcome in by_seed.values() for flag in outcome.overrides}
    if changes := sorted(flag for flag in flags if not flag.startswith("--device")):
        notes.append(f"{name} ran with {', '.join(changes)}")
    commits = dict.fromkeys(run.commit for run in runs if run.outcome is not None)
    if len(commits) > 1:
        listed = ", ".join((c or "unknown")[:_COMMIT_DIGITS] for c in commits)
        notes.append(f"{name} ran at several commits of dcrf, which may differ: {listed}")
    unfinished = [f"{run.folder} ({run.status})" for run in runs if run.outcome is None]
    outcomes = dict(sorted(by_seed.items()))
    return MethodRuns(name, outcomes, unfinished, runs[0].data, runs[0].is_trained, folders)


def _joined(name: str, parts: Sequence[MethodRuns]) -> MethodRuns:
    """Return a method of parts that ran on different data sets."""
    outcomes: dict[int, Outcome] = {}
    for part in parts:
        for seed, outcome in part.outcomes.items():
            before = outcomes.get(seed)
            outcomes[seed] = outcome if before is None else _with_data_of(before, outcome)
    return MethodRuns(
        name,
        dict(sorted(outcomes.items())),
        [run for part in parts for run in part.unfinished],
        {name: digest for part in parts for name, digest in part.data.items()},
        any(part.is_trained for part in parts),
        {place: folder for part in parts for place, folder in part.folders.items()},
    )


def _with_data_of(outcome: Outcome, other: Outcome) -> Outcome:
    informed = outcome.label_informed or other.label_informed
    datasets = (*outcome.datasets, *other.datasets)
    return replace(outcome, label_informed=informed, datasets=datasets)


def _read(folder: Path) -> SavedRun:
    config = _mapping(folder / CONFIGURATION)
    outcome = finished_outcome(folder, folder)
    status = "ok" if outcome else str(_mapping(folder / RESULT).get("status", "not finished"))
    plain, environment = filled(dict(config), Path()), _mapping(folder / ENVIRONMENT)
    return SavedRun(
        folder=folder,
        method=outcome.method if outcome else str(config.get("name", folder.parent.name)),
        settings=_settings(plain, outcome.seed if outcome else config.get("seed")),
        release=_text(environment.get("dcrf")),
        commit=_text(environment.get("commit")),
        data={str(entry.get("name")): _data(entry) for entry in _objects(plain, "datasets")},
        is_trained=any(phase.get("optimizers") for phase in _objects(plain, "phases")),
        outcome=outcome,
        status=status,
    )


def _settings(plain: Mapping[str, Any], seed: Any) -> str:
    """Return the digest of a configuration without the seed, also in names of loaded files."""
    own = {key: value for key, value in plain.items() if key not in NO_SETTINGS}
    phases = [
        {
            **phase,
            **{key: _without_seed(phase[key], seed) for key in phase if key.startswith("load_")},
        }
        for phase in _objects(plain, "phases")
    ]
    return digest({**own, "phases": phases})


def _without_seed(value: Any, seed: Any) -> Any:
    """Return an entry whose paths do not have the seed where dcrf writes it: `-0/`, `_seed0.`."""
    if isinstance(value, Mapping):
        return {key: _without_seed(inner, seed) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_seed(inner, seed) for inner in value]
    if not isinstance(value, str):
        return value
    *folders, name = value.split("/")
    folders[-1:] = [folder.removesuffix(f"-{seed}") for folder in folders[-1:]]
    return "/".join([*folders, name.replace(f"_seed{seed}.", ".")])


def _data(entry: Mapping[str, Any]) -> str:
    """Return the digest of what a data set reads, in contrast to how it is used."""
    stem = SOURCES.stems.get(str(entry.get("source")))
    own = (*SOURCES.properties(stem), "parts", "first", "last") if stem else entry
    return digest({key: entry.get(key) for key in own})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _objects(config: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list in a configuration, which may be damaged."""
    entries = config.get(key)
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []


def _mapping(file: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file, an empty one if there is none."""
    try:
        content = read_json(file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
