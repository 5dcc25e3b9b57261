"""Find the run to resume, and refuse it if the configuration has changed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.config.defaults import filled
from dcrf.config.file_names import clean_name
from dcrf.config.json_paths import child
from dcrf.config.method_config import MethodConfig
from dcrf.errors import ConfigError, Problem
from dcrf.reporting.records import DatasetRecord, Outcome, PhaseRecord
from dcrf.reporting.scores import scores_of
from dcrf.runs.run_folder import (
    CONFIGURATION,
    RESULT,
    RUN_START,
    RunStart,
    is_run_folder,
    read_run_start,
    run_configuration,
    run_folders,
)
from dcrf.safety.limits import RESUMED_VALUE_CHARACTERS
from dcrf.storage.atomic_files import read_json

_NEW_RUN = "start a new run without --resume"
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class ExistingRun:
    """A run that was started before.

    outcome: of a run that ended with status `ok`, else None.
    """

    folder: Path
    start: RunStart
    outcome: Outcome | None = None


def find_existing_run(config: MethodConfig, seed: int, output_dir: Path) -> ExistingRun | None:
    """Return the run of a method and seed to resume, or None if it was never started.

    If the configuration was read from a run folder, that run is returned, else the newest one
    under `output_dir`.

    Raises:
        ConfigError: the configuration differs from the run's, with every key that differs; or
            the folder contains links or unreadable files.
    """
    own = Path(config.source).parent
    is_own = Path(config.source).name == CONFIGURATION and is_run_folder(own)
    folder = own if is_own else _newest(config.name, seed, output_dir)
    if folder is None:
        return None
    _check_links(folder)
    check_same_configuration(_read_configuration(folder), run_configuration(config, seed), folder)
    try:
        return ExistingRun(folder, read_run_start(folder), finished_outcome(folder, config.source))
    except (OSError, ValueError) as error:
        raise ConfigError(
            folder, [Problem(RUN_START, f"it cannot be read: {error}", _NEW_RUN)]
        ) from error


def check_same_configuration(before: Any, now: Mapping[str, Any], source: Path) -> None:
    """Raise ConfigError with every value that differs from the run's configuration.

    Keys that dcrf has learned since the run started count with their defaults.
    """
    remedy = f"undo the change, or {_NEW_RUN}"
    before, now = (filled(c, Path()) if isinstance(c, dict) else c for c in (before, now))
    plain = json.loads(json.dumps(now))
    problems = [Problem(path, text, remedy) for path, text in _differences(before, plain, "$")]
    if problems:
        raise ConfigError(source, problems)


def finished_outcome(folder: Path, source: Path | str) -> Outcome | None:
    """Read the outcome of a run that ended with `ok`; None if it did not, or is unreadable."""
    try:
        values = read_json(folder / RESULT)
        if values["status"] != "ok" or not all(map(_has_valid_scores, values["datasets"])):
            return None
        if not values["datasets"] or type(values["seed"]) is not int:
            return None
        parts = {
            "source": str(source),
            "method": str(values["method"]),
            "seconds": None,
            "error": None,
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
