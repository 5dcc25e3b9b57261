"""Results of single runs as JSON files, `<folder>/<file stem>/<seed>.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import dcrf
from benchmarks.methods.files import MethodFile, identity, refilled
from dcrf.storage.atomic_files import read_json, write_json
from dcrf.storage.digests import digest

SCORES = ("acc", "nmi", "ari")
"""The metrics of a measurement."""

RESULTS = Path(__file__).with_name("results")
_CONFIGURATION = "configuration.json"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of a method with one seed.

    digest: of the configuration that was run.
    version: of dcrf.
    status: of the run, as in `result.json`.
    scores: metric -> value in the final evaluation of the last data set; empty if it has none.
    n_samples: number of samples of that evaluation; 0 without one.
    iterations: phase -> the iteration in which it ended.
    seconds: wall time.
    label_informed: whether labels influenced the result.
    machine: processor, cores and threads.
    date: of the measurement, as 2026-01-31.
    error: why the status is not `ok`.
    """

    seed: int
    digest: str
    version: str
    status: str
    scores: Mapping[str, float]
    n_samples: int
    iterations: Mapping[str, int]
    seconds: float
    label_informed: bool
    machine: str
    date: str
    error: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the run ended well and has scores."""
        return self.status == "ok" and bool(self.scores)


class Records:
    """The measurements in a folder.

    Args:
        folder: contains a folder for each method file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, file: MethodFile) -> dict[int, Measurement]:
        """Return seed -> measurement of a method file, sorted by seed. Unreadable ones are absent.

        Measurements of another configuration are included; `is_current` tells them apart.
        """
        measurements: dict[int, Measurement] = {}
        for path in (self.folder / file.stem).glob("*.json"):
            if path.name != _CONFIGURATION and (measurement := _read(path)) is not None:
                measurements[measurement.seed] = measurement
        return dict(sorted(measurements.items()))

    def is_current(self, file: MethodFile, measurement: Measurement) -> bool:
        """Whether a measurement is of the file's present configuration and of this version.

        Keys that dcrf has learned since count with their defaults.
        """
        return measurement in self.current(file, [measurement])

    def current(self, file: MethodFile, measurements: Sequence[Measurement]) -> list[Measurement]:
        """Return the measurements of a file that are current, as `is_current` says."""
        own = [m for m in measurements if m.version == dcrf.__version__]
        if not own:
            return []
        digests = {digest(identity(file.config)), self._same_but_for_defaults(file)}
        return [m for m in own if m.digest in digests]

    def write(self, file: MethodFile, measurement: Measurement) -> None:
        """Write a measurement of the file's present configuration.

        A stored configuration that means the present one stays, with the other seeds' digest.
        """
        stored = self._same_but_for_defaults(file)
        if stored is None:
            write_json(self.folder / file.stem / _CONFIGURATION, identity(file.config))
        else:
            measurement = replace(measurement, digest=stored)
        write_json(self.folder / file.stem / f"{measurement.seed}.json", asdict(measurement))

    def _same_but_for_defaults(self, file: MethodFile) -> str | None:
        """Return the digest of the stored configuration if it means the present one."""
        try:
            stored = read_json(self.folder / file.stem / _CONFIGURATION)
        except (OSError, ValueError):
            return None
        return digest(stored) if refilled(stored) == identity(file.config) else None


def measurement_of(
    file: MethodFile, outcome: Mapping[str, Any], seconds: float, machine: str, date: str
) -> Measurement:
    """Return the measurement of a run.

    Args:
        file: of the method.
        outcome: a run of `summary.json`.
        seconds: wall time of the run, with earlier parts if it was resumed.
        machine: processor, cores and threads.
        date: as 2026-01-31.
    """
    datasets = [record for record in outcome["datasets"] if record["evaluation"] is not None]
    evaluation = datasets[-1]["evaluation"] if datasets else {}
    return Measurement(
        seed=outcome["seed"],
        digest=digest(identity(file.config)),
        version=dcrf.__version__,
        status=outcome["status"],
        scores={n: round(evaluation[n], 5) for n in SCORES if evaluation.get(n) is not None},
        n_samples=evaluation.get("n_samples", 0),
        iterations={record["phase"]: record["iteration"] for record in outcome["phases"]},
        seconds=round(seconds, 1),
        label_informed=outcome["label_informed"],
        machine=machine,
        date=date,
        error=outcome["error"],
    )


def _read(path: Path) -> Measurement | None:
    try:
        return Measurement(**read_json(path))
    except (OSError, ValueError, TypeError):
        return None
