"""Read the files of a run folder, which may be incomplete or damaged."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcrf.config.path_checks import is_file
from dcrf.errors import DataError
from dcrf.reporting.records import Outcome, PhaseRecord
from dcrf.reporting.scores import scores_of
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import CONFIGURATION, RESULT, is_run_folder
from dcrf.safety.limits import REPORT_CSV_BYTES
from dcrf.safety.text_files import text_lines
from dcrf.storage.atomic_files import read_json

_METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Table:
    """The content of a CSV file.

    header: names of the columns.
    rows: each with a cell for every column.
    """

    file: Path
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def column(self, name: str) -> list[str]:
        """Return the cells of a column. Raises ValueError if the table lacks it."""
        if name not in self.header:
            raise ValueError(f"{self.file} has no column {name!r}")
        place = list(self.header).index(name)
        return [row[place] for row in self.rows]


@dataclass(slots=True)
class Curves:
    """Values over iterations: data set and phase -> name -> (iteration, value), in their order."""

    losses: dict[tuple[str, str], dict[str, list[tuple[int, float]]]] = field(default_factory=dict)
    scores: dict[tuple[str, str], dict[str, list[tuple[int, float]]]] = field(default_factory=dict)


@dataclass(slots=True)
class SavedFiles:
    """The readable content of a run folder.

    config: the method with every default.
    outcome: None if the run has no result, or a damaged one.
    status: how the run ended, or that it has not.
    timing: part of the run -> seconds.
    environment: versions and machine.
    problems: sentences about files that are missing or damaged.
    """

    folder: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    status: str = "not finished"
    curves: Curves = field(default_factory=Curves)
    timing: Mapping[str, float] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def method(self) -> str:
        """The name of the method."""
        return self.outcome.method if self.outcome else str(self.config.get("name", "?"))

    @property
    def seed(self) -> str:
        """The seed, `?` if it is unknown."""
        return str(self.outcome.seed if self.outcome else self.config.get("seed", "?"))

    @property
    def datasets(self) -> list[str]:
        """The names of the data sets: those with results first, then those that lack one."""
        ended = [record.dataset for record in self.outcome.datasets] if self.outcome else []
        named = [str(entry.get("name")) for entry in self.objects("datasets")]
        return [*dict.fromkeys([*ended, *named])]

    @property
    def phases(self) -> list[str]:
        """The names of the phases in their order."""
        orders = {str(e.get("name")): e.get("order") for e in self.objects("phases")}
        return sorted(orders, key=lambda name: n if type(n := orders[name]) is int else 0)

    def phases_of(self, dataset: str) -> list[PhaseRecord]:
        """Return the phases that have ended on a data set, none without a result."""
        phases = self.outcome.phases if self.outcome else ()
        return [record for record in phases if record.dataset == dataset]

    def objects(self, key: str) -> list[Mapping[str, Any]]:
        """Return the objects of a list in the configuration, which may be damaged."""
        entries = self.config.get(key)
        return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []

    def table(self, file: Path) -> Table | None:
        """Read a CSV file; return None and note the problem if that fails."""
        try:
            return read_table(file)
        except DataError as error:
            self.problems.append(str(error))
            return None


def read_run(folder: Path) -> SavedFiles:
    """Read a run folder.

    Raises:
        DataError: the folder has no run.
    """
    if not is_run_folder(folder):
        raise DataError(f"{folder} is not a run folder, such as runs/my_method/<time>-<seed>")
    run = SavedFiles(folder)
    run.config = _object(run, CONFIGURATION)
    run.environment = _object(run, "environment.json")
    timing = _object(run, "timing.json", is_written_last=True)
    run.timing = {name: s for name, s in timing.items() if _is_number(s) and s >= 0}
    _read_outcome(run)
    _read_curves(run)
    return run


def configuration_of(folder: Path) -> Mapping[str, Any]:
    """Return the configuration of a run, empty if it is missing or damaged."""
    return _object(SavedFiles(folder), CONFIGURATION)


def read_table(file: Path) -> Table:
    """Read a CSV file with a header.

    Raises:
        DataError: the file is unreadable, too large, or its rows have unequal lengths.
    """
    try:
        size = file.stat().st_size
        if size > REPORT_CSV_BYTES:
            raise DataError(f"it has {size:,} bytes, more than {REPORT_CSV_BYTES:,}")
        with text_lines(file) as lines:
            header, *rows = list(csv.reader(lines)) or [[]]
    except (OSError, csv.Error, DataError) as error:
        raise DataError(f"{file}: {error}") from error
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            cells = f"{len(row)} cells instead of {len(header)}"
            raise DataError(f"{file}: row {number} has {cells}")
    return Table(file, header, rows)


def _object(run: SavedFiles, name: str, *, is_written_last: bool = False) -> Mapping[str, Any]:
    """Return the object in a JSON file, an empty one if that is missing or damaged."""
    file = run.folder / name
    if not is_file(file):
        if not is_written_last:
            run.problems.append(f"{file} is missing")
        return {}
    try:
        content = read_json(file)
    except (OSError, ValueError) as error:
        run.problems.append(f"{file} is damaged: {error}")
        return {}
    if not isinstance(content, dict):
        run.problems.append(f"{file} is damaged: it is not a JSON object")
        return {}
    return content


def _read_outcome(run: SavedFiles) -> None:
    file = run.folder / RESULT
    if not is_file(file):
        run.problems.append(f"{file} is missing: the run was killed, or still runs")
        return
    run.status = str(_object(run, RESULT).get("status", "damaged"))
    run.outcome = finished_outcome(run.folder, run.folder, run.status)
    if run.outcome is None and run.status != "damaged":
        run.problems.append(f"{file} is damaged: fields are missing or have wrong types")


def _read_curves(run: SavedFiles) -> None:
    file, n_damaged = run.folder / _METRICS, 0
    try:
        with text_lines(file) as lines:
            for line in lines:
                try:
                    _add(run.curves, json.loads(line))
                except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                    n_damaged += 1
    except DataError as error:
        run.problems.append(f"{file}: {error}")
    if n_damaged:
        noun = "line is" if n_damaged == 1 else "lines are"
        run.problems.append(f"{file}: {n_damaged} {noun} damaged and left out")


def _add(curves: Curves, record: Mapping[str, Any]) -> None:
    """Add the values of a record that belongs to an iteration.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: the record is damaged.
    """
    kinds = {"losses": curves.losses, "evaluation": curves.scores}
    if record["kind"] not in kinds or record["phase"] is None:
        return
    is_loss = record["kind"] == "losses"
    values = record["losses"] if is_loss else scores_of(record["evaluation"])
    iteration = record["iteration"]
    if type(iteration) is not int:
        raise ValueError("the iteration is not an integer")
    own = kinds[record["kind"]].setdefault((str(record["dataset"]), str(record["phase"])), {})
    for name, value in values.items():
        if value is not None and _is_number(value):
            own.setdefault(name, []).append((iteration, float(value)))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
