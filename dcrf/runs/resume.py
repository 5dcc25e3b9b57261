"""Runs that have begun: their folders, whether they are done, whether they are still the same."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from dcrf.safety.limits import RESUMED_THREADS, RESUMED_VALUE_CHARACTERS
from dcrf.config.file_names import clean_name
from dcrf.config.json_paths import child
from dcrf.config.method_config import MethodConfig
from dcrf.config.path_checks import is_file
from dcrf.errors import ConfigError, Problem
from dcrf.reporting.records import DatasetRecord, PhaseRecord
from dcrf.reporting.summary import Outcome
from dcrf.storage.atomic_files import read_json, write_json

CONFIGURATION, RESULT, RUN = "config.json", "result.json", "checkpoints/run.json"
_ANEW = "begin a new run without --resume"
_ABSENT = object()
_TIME = len("2026-01-31T23-59-59")


def is_run_folder(path: Path) -> bool:
    """Whether a run has begun in this folder."""
    return is_file(path / CONFIGURATION) and is_file(path / RUN)


def new_folder(parent: Path, seed: int, content: Mapping[str, Mapping[str, Any]]) -> Path:
    """Make and return `<time>-<seed>` in a folder; a number is appended if it exists.

    It comes to be together with what is in it, so that a run that is killed has left nothing, or
    what is needed to go on.

    Args:
        parent: where to make it.
        seed: of the run.
        content: JSON files by name.

    Raises:
        OSError: it cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=parent, prefix=".", suffix=".tmp"))
    name = f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{seed}"
    try:
        for file, values in content.items():
            write_json(unfinished / file, values)
        unfinished.chmod(0o755)
        for number in count(1):
            folder = parent / (name if number == 1 else f"{name}-{number}")
            if not folder.exists() and _renamed(unfinished, folder):
                return folder
        raise AssertionError("there is always a next number")
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _renamed(folder: Path, new: Path) -> bool:
    """Rename a folder, unless another process has just made one of the new name."""
    try:
        folder.rename(new)
    except OSError:
        if not new.exists():
            raise
        return False
    return True


def method_file(path: str, resumes: bool) -> str:
    """Return the method file of a run folder where runs are resumed, else the path as it is."""
    return str(Path(path) / CONFIGURATION) if resumes and is_run_folder(Path(path)) else path


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run has begun.

    seed_in_names: the seed, where files of several seeds must not meet; else None.
    threads: that torch used.
    number: counts the runs of a method, since a clock may be put back.
    """

    seed_in_names: int | None
    threads: int
    number: int

    def __post_init__(self) -> None:
        """Raise ValueError for what was read from a file and is none."""
        numbers = (self.seed_in_names or 0, self.threads, self.number)
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(f"{asdict(self)} has something else than numbers")
        if self.threads not in range(1, RESUMED_THREADS + 1):
            raise ValueError(f"{self.threads} threads are not 1 to {RESUMED_THREADS}")


@dataclass(frozen=True, slots=True)
class Begun:
    """What there is of a run that has begun.

    outcome: what became of it, if it has come to its end.
    """

    folder: Path
    beginning: Beginning
    outcome: Outcome | None = None


def begun(config: MethodConfig, seed: int, output_dir: Path) -> Begun | None:
    """Return what there is of a method with a seed, if anything.

    Its folder is the one that the configuration was read from, or else the newest one under
    `output_dir`.

    Raises:
        ConfigError: the configuration is another one now, of which all keys that differ are
            named; or the folder is not what a run leaves.
    """
    own = Path(config.source).parent
    folder = own if _is_of(config, own) else _newest(config.name, seed, output_dir)
    if folder is None:
        return None
    _check_links(folder)
    check_same(_content(folder), described(config, seed), folder)
    try:
        return Begun(folder, beginning(folder), _finished(config, folder))
    except (OSError, ValueError) as error:
        raise ConfigError(folder, [Problem(RUN, f"it cannot be read: {error}", _ANEW)]) from error


def beginning(folder: Path) -> Beginning:
    """Return how the run in a folder has begun.

    Raises:
        OSError, ValueError: that cannot be read.
    """
    try:
        return Beginning(**read_json(folder / RUN))
    except TypeError as error:
        raise ValueError(str(error)) from error


def next_number(parent: Path) -> int:
    """Return a number above those of all runs in a folder."""
    return 1 + max((_age(folder)[0] for folder in parent.glob("[!.]*")), default=0)


def described(config: MethodConfig, seed: int) -> dict[str, Any]:
    """Return what `config.json` holds for a run."""
    return {**config.filled, "seed": seed}


def check_same(before: Any, now: Mapping[str, Any], source: Path) -> None:
    """Raise ConfigError with all values that are not those that a run began with."""
    remedy = f"take back the change, or {_ANEW}"
    plain = json.loads(json.dumps(now))
    if found := [Problem(path, text, remedy) for path, text in _differences(before, plain, "$")]:
        raise ConfigError(source, found)


def _finished(config: MethodConfig, folder: Path) -> Outcome | None:
    """Return the outcome of a run that has come to its end; None where there is more to do."""
    try:
        found = read_json(folder / RESULT)
        if found["status"] != "ok" or not all(map(_can_be_shown, found["datasets"])):
            return None
        parts = {
            "source": str(config.source),
            "datasets": tuple(DatasetRecord(**record) for record in found["datasets"]),
            "phases": tuple(PhaseRecord(**record) for record in found["phases"]),
        }
        return Outcome(**{**found, **parts})
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _can_be_shown(record: Mapping[str, Any]) -> bool:
    """Whether the scores of a data set, read from a file, are numbers."""
    found = record["evaluation"]
    if found is None:
        return True
    scores = [found["acc"], found["nmi"], found["ari"], *found["internal"].values()]
    sizes = found["n_samples"], found.get("internal_samples", 0)
    return all(type(size) is int for size in sizes) and all(
        score is None or type(score) in (int, float) for score in scores
    )


def _check_links(folder: Path) -> None:
    """Raise ConfigError where something in a folder leads out of it: a run leaves no links."""
    if links := [path for path in folder.rglob("*") if path.is_symlink()]:
        remedy = "put the file itself in its place"
        found = "it is a link, and what a run writes must not lead out of its folder"
        raise ConfigError(folder, [Problem(str(link), found, remedy) for link in links])


def _is_of(config: MethodConfig, folder: Path) -> bool:
    return Path(config.source).name == CONFIGURATION and is_run_folder(folder)


def _newest(name: str, seed: int, output_dir: Path) -> Path | None:
    folders = (output_dir / clean_name(name)).glob("[!.]*")  # those with a dot are unfinished
    begun = [f for f in folders if is_run_folder(f) and _content(f).get("seed") == seed]
    return max(begun, key=_age, default=None)


def _age(folder: Path) -> tuple[int, str, int, str]:
    """Return what sorts folders by number and time, and those of one second by their ending."""
    try:
        number = beginning(folder).number
    except (OSError, ValueError):
        number = 0
    return number, folder.name[:_TIME], len(folder.name), folder.name


def _content(folder: Path) -> dict[str, Any]:
    try:
        found = read_json(folder / CONFIGURATION)
    except (OSError, ValueError):
        found = None
    return found if isinstance(found, dict) else {}


def _differences(before: Any, now: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the JSON paths of values that differ, with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            pair = before.get(key, _ABSENT), now.get(key, _ABSENT)
            yield from _differences(*pair, child(path, key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _differences(*pair, child(path, index))
    elif before != now or type(before) is not type(now):
        yield path, f"it was {_shown(before)} when the run began, and is {_shown(now)} now"


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    most = RESUMED_VALUE_CHARACTERS
    return text if len(text) <= most else f"{text[:most]}..."
