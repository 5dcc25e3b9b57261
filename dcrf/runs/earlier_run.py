"""The seconds of an earlier run of a method, which tell how long the next one takes."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dcrf.reporting.progress import NO_RUN, EarlierRun
from dcrf.runs.run_folder import RESULT, TIMING, run_folders
from dcrf.storage.atomic_files import read_json


def earlier_run(folder: Path) -> EarlierRun:
    """Return the newest finished run beside a run folder; files that cannot be used are ignored."""
    for other in reversed(run_folders(folder.parent)):
        # the files may be damaged, and only an estimate depends on them
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            result = read_json(other / RESULT)
            if other != folder and result["status"] == "ok":
                return _from_files(read_json(other / TIMING), result)
    return NO_RUN


def _from_files(seconds: Mapping[str, Any], result: Mapping[str, Any]) -> EarlierRun:
    """Return the paces of a run with this `timing.json` and `result.json`."""
    paces = {}
    for phase in result["phases"]:
        dataset, name = place = phase["dataset"], phase["phase"]
        paces[place] = float(seconds[f"{dataset}/{name}"]) / max(int(phase["iteration"]), 1)
    evaluations = {
        dataset: float(seconds.get(f"{dataset}/final evaluation", 0)) for dataset, _ in paces
    }
    return EarlierRun(paces, evaluations)
