"""Take results from run folders of this machine instead of running methods again."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.methods.files import MethodFile, identity, refilled
from benchmarks.methods.measure import machine_of
from benchmarks.methods.records import Measurement, measurement_of
from dcrf.config.file_names import clean_name
from dcrf.storage.atomic_files import read_json

_DATE = len("2026-01-31")


def finished_run(file: MethodFile, seed: int, folders: Iterable[Path]) -> Measurement | None:
    """Return the newest result of the file's present configuration, or None.

    Only runs count that ended well and had no flag that changes values but `--device`. Their
    configuration may lack keys that dcrf has learned since, and have paths of another checkout.

    Args:
        file: of the method.
        seed: of the run.
        folders: searched to any depth for run folders.
    """
    for folder in sorted(_run_folders(file, seed, folders), reverse=True, key=lambda f: f.name):
        try:
            result, configuration = read_json(folder / "result.json"), _configuration(folder)
            seconds = sum(read_json(folder / "timing.json").values())
            machine = machine_of(read_json(folder / "environment.json"))
        except (OSError, ValueError):
            continue
        is_plain = result["status"] == "ok" and all(map(_is_device, result["overrides"]))
        if is_plain and result["seed"] == seed and same(configuration, identity(file.config)):
            return measurement_of(file, result, seconds, machine, folder.name[:_DATE])
    return None


def same(before: Any, now: Any) -> bool:
    """Whether two configurations are equal but for the checkouts that their paths are in.

    Args:
        before: with the absolute paths of any checkout.
        now: with paths from its checkout.
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return before.keys() == now.keys() and all(same(before[key], now[key]) for key in now)
    if isinstance(before, list) and isinstance(now, list):
        return len(before) == len(now) and all(map(same, before, now))
    if isinstance(before, str) and isinstance(now, str) and before != now:
        return Path(before).is_absolute() and os.sep in now and before.endswith(f"{os.sep}{now}")
    return type(before) is type(now) and before == now


def _is_device(flag: str) -> bool:
    return flag.startswith("--device ")


def _run_folders(file: MethodFile, seed: int, folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for result in folder.rglob(f"{clean_name(file.config.name)}/*-{seed}*/result.json"):
            yield result.parent


def _configuration(folder: Path) -> dict[str, Any]:
    """Return the configuration of a run as an `identity`, without its seed."""
    configuration = read_json(folder / "config.json")
    configuration.pop("seed", None)
    return refilled(configuration)
