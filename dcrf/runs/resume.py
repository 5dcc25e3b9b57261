"""Find the run to resume, and refuse it if the configuration has changed."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.config.defaults import filled
from dcrf.config.file_names import clean_name
from dcrf.config.json_paths import child, moved
from dcrf.config.method_config import MethodConfig
from dcrf.errors import ConfigError, Problem
from dcrf.reporting.records import DatasetRecord, Outcome, PhaseRecord
from dcrf.reporting.scores import scores_of
from dcrf.runs.changed_criteria import Change, changeable, changed_phases, check_continues
from dcrf.runs.phase_order import BEGIN, PhaseIndex, names_before
from dcrf.runs.run_folder import (
    CHECKPOINTS,
    CONFIGURATION,
    RESULT,
    RUN_START,
    RunStart,
    is_run_configuration,
    read_run_start,
    run_configuration,
    run_folders,
)
from dcrf.safety.limits import RESUMED_VALUE_CHARACTERS
from dcrf.storage.atomic_files import read_json
from dcrf.storage.checkpoint_folders import folders, position_of

_NEW_RUN = "start a new run without --resume"
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class ExistingRun:
    """A run that was started before.

    outcome: of a run that ended with status `ok` and does not continue, else None.
    partial: the outcome of a run that has stopped before a phase as asked, else None.
    position: the data set and the phase at which it resumes; all phases before have ended.
    is_changed: whether it continues with other exit criteria.
    """

    folder: Path
    start: RunStart
    outcome: Outcome | None = None
    partial: Outcome | None = None
    position: PhaseIndex = BEGIN
    is_changed: bool = False


def find_existing_run(config: MethodConfig, seed: int, output_dir: Path) -> ExistingRun | None:
    """Return the run of a method and seed to resume, or None if it was never started.

    If the configuration was read from a run folder, that run is returned, else the newest one
    under `output_dir`. Exit criteria may differ from the run's: those of phases that have not
    ended, and those of its last phase if a checkpoint of it is kept.

    Raises:
        ConfigError: the configuration differs from the run's, with every key that differs; or
            the folder contains links or unreadable files.
    """
    source = Path(config.source)
    is_own = is_run_configuration(source)
    folder = source.parent if is_own else _newest(config.name, seed, output_dir)
    if folder is None:
        return None
    _check_links(folder)
    outcome = finished_outcome(folder, config.source)
    partial = finished_outcome(folder, config.source, "partial")
    newest = (position_of(checkpoint) for checkpoint in reversed(folders(folder / CHECKPOINTS)))
    position = next(newest, None) or BEGIN
    ended = names_before(config, None if outcome else position)
    changes = changes_of(config, seed, folder, changeable(config, ended[:-1]))
    if changes and ended and ended[-1] in changed_phases(config, changes):
        last = next((o.phases[-1] for o in (outcome, partial) if o and o.phases), None)
        position = check_continues(config, folder, changes, last)
    if changes:
        outcome = partial = None
    try:
        start = read_run_start(folder)
        return ExistingRun(folder, start, outcome, partial, position, bool(changes))
    except (OSError, ValueError) as error:
        raise ConfigError(
            folder, [Problem(RUN_START, f"it cannot be read: {error}", _NEW_RUN)]
        ) from error


def changes_of(
    config: MethodConfig, seed: int, folder: Path, may_change: Collection[str]
) -> list[Change]:
    """Return the values that differ from the configuration of the run in a folder.

    Raises:
        ConfigError: values differ outside of the JSON paths in `may_change`.
    """
    before = _read_configuration(folder)
    return check_same_configuration(before, run_configuration(config, seed), folder, may_change)


def check_same_configuration(
    before: Any, now: Mapping[str, Any], source: Path, may_change: Collection[str] = ()
) -> list[Change]:
    """Return the values within `may_change` that differ from the run's configuration.

    Keys that dcrf has learned since the run started count with their defaults.

    Args:
        before: the configuration of the run, as it was read.
        now: the present one.
        source: of `before`, for the error.
        may_change: JSON paths.

    Raises:
        ConfigError: other values differ, with all of them.
    """
    remedy = f"undo the change, or {_NEW_RUN}"
    before, now = (filled(c, Path()) if isinstance(c, dict) else c for c in (before, now))
    plain = json.loads(json.dumps(now))
    changes = [Change(path, words) for path, words in _differences(before, plain, "$")]
    accepted = [c for c in changes if any(moved(c.path, p, "") != c.path for p in may_change)]
    problems = [Problem(c.path, c.words, remedy) for c in changes if c not in accepted]
    if problems:
        raise ConfigError(source, problems)
    return accepted


def finished_outcome(folder: Path, source: Path | str, status: str = "ok") -> Outcome | None:
    """Read the outcome of a run that ended with a status; None if it did not, or is unreadable.

    Args:
        folder: of the run.
        source: of its method.
        status: `ok` or `partial`.
    """
    try:
        values = read_json(folder / RESULT)
        if values["status"] != status or not all(map(_has_valid_scores, values["datasets"])):
            return None
        if status == "ok" and not values["datasets"]:
            return None
        if type(values["seed"]) is not int or not all(map(_has_valid_counts, values["phases"])):
            return None
        parts = {
            "source": str(source),
            "method": str(values["method"]),
            "seconds": None,
            "folder": str(folder),
            "error": str(values["error"]) if values.get("error") else None,
            "label_informed": values.get("label_informed") is True,
            "datasets": tuple(DatasetRecord.from_plain(record) for record in values["datasets"]),
            "phases": tuple(PhaseRecord(**record) for record in values["phases"]),
            "warnings": tuple(Problem(**warning) for warning in values.get("warnings", ())),
            "overrides": tuple(map(str, values.get("overrides", ()))),
        }
        return Outcome(**{**values, **parts})
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _has_valid_scores(record: Mapping[str, Any]) -> bool:
    """Whether all scores of a data set, read from a file, are numbers or absent."""
    evaluation = record["evaluation"]
    if evaluation is None:
        return True
    counts = (evaluation.get(name, 0) for name in ("internal_samples", "noise"))
    sizes = evaluation["n_samples"], *counts
    return all(type(size) is int for size in sizes) and all(
        score is None or type(score) in (int, float) for score in scores_of(evaluation).values()
    )


def _has_valid_counts(phase: Mapping[str, Any]) -> bool:
    """Whether iteration, epoch and reason of a phase, read from a file, have their types."""
    counts = phase["iteration"], phase["epoch"]
    return all(type(count) is int for count in counts) and isinstance(phase["reason"], str)


def _check_links(folder: Path) -> None:
    """Raise ConfigError for links, through which a resumed run would write outside its folder."""
    if links := [path for path in folder.rglob("*") if path.is_symlink()]:
        text = "it is a link, and a resumed run must not write outside its folder"
        remedy = "replace the link by the file"
        raise ConfigError(folder, [Problem(str(link), text, remedy) for link in links])


def _newest(name: str, seed: int, output_dir: Path) -> Path | None:
    folders = run_folders(output_dir / clean_name(name))
    of_seed = [folder for folder in folders if _read_configuration(folder).get("seed") == seed]
    return of_seed[-1] if of_seed else None


def _read_configuration(folder: Path) -> dict[str, Any]:
    try:
        values = read_json(folder / CONFIGURATION)
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _differences(before: Any, now: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the JSON path of each value that differs, with both values in words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            pair = before.get(key, _ABSENT), now.get(key, _ABSENT)
            yield from _differences(*pair, child(path, key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _differences(*pair, child(path, index))
    elif before != now or type(before) is not type(now):
        yield path, f"it was {_shown(before)} when the run started, now it is {_shown(now)}"


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    most = RESUMED_VALUE_CHARACTERS
    return text if len(text) <= most else f"{text[:most]}..."
