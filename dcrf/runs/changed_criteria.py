"""Continue a run with other exit criteria: of phases that have not ended, or of its last one."""

import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dcrf.config.json_paths import moved
from dcrf.config.method_config import MethodConfig
from dcrf.errors import ConfigError, DataError, Problem
from dcrf.reporting.records import PhaseRecord
from dcrf.runs.phase_order import PhaseIndex, names_before
from dcrf.runs.run_folder import CHECKPOINTS, CONFIGURATION, RESULT, RUN_START, RunStart
from dcrf.storage.atomic_files import write_json
from dcrf.storage.checkpoint_folders import folders, intact_content, position_of, remove

_COUNTED = re.compile(r"[\d,]+ (iteration|epoch)s?")
_COUNTS = ("iterations", "epochs")


@dataclass(frozen=True, slots=True)
class Change:
    """A value of the configuration that has changed since the run started.

    path: its JSON path.
    words: both values.
    """

    path: str
    words: str

    @property
    def key(self) -> str:
        """The last key of the path."""
        return self.path.rpartition(".")[2]


def changeable(config: MethodConfig, ended: Collection[str] = ()) -> list[str]:
    """Return the JSON paths of the exit criteria of all phases that have not ended."""
    return [f"{phase.path}.exit_criteria" for phase in config.phases if phase.name not in ended]


def changed_phases(config: MethodConfig, changes: Sequence[Change]) -> set[str]:
    """Return the names of the phases whose exit criteria have changed."""
    return {
        phase.name
        for phase in config.phases
        if any(moved(change.path, phase.path, "") != change.path for change in changes)
    }


def check_continues(
    config: MethodConfig, folder: Path, changes: Sequence[Change], last: PhaseRecord | None
) -> PhaseIndex:
    """Return the position of a run that continues its last phase, which has ended.

    Args:
        config: of the method, with the changes.
        folder: of the run.
        changes: of the exit criteria of that phase, at least one.
        last: how that phase has ended, None if that is unknown.

    Raises:
        ConfigError: the phase would not continue, or no checkpoint holds its state.
    """
    change = changes[0]
    if last is not None and (reason := _why_over(config, changes, last)):
        remedy = "name a greater number, or start a new run without --resume"
        raise ConfigError(folder, [Problem(change.path, reason, remedy)])
    checkpoint = _checkpoint_before(config, folder, changed_phases(config, changes))
    position = None if checkpoint is None else position_of(checkpoint)
    if position is None:
        found = f"{change.words}, but the run has no checkpoint before the end of the phase"
        remedy = "only runs with --keep_checkpoints keep it; start a new run without --resume"
        raise ConfigError(folder, [Problem(change.path, found, remedy)])
    return position


def _why_over(config: MethodConfig, changes: Sequence[Change], last: PhaseRecord) -> str | None:
    """Return why a phase would end at once although its exit criteria have changed."""
    criteria = next((p.exit_criteria for p in config.phases if p.name == last.phase), {})
    iterations, epochs = (criteria.get(key) for key in _COUNTS)
    if iterations is not None and iterations <= last.iteration:
        return f"{last.phase} has already run {last.iteration} iterations"
    ended_by_epochs = "epoch" in last.reason
    if epochs is not None and epochs < last.epoch + ended_by_epochs:
        return f"{last.phase} has already run {last.epoch} epochs"
    if not _COUNTED.fullmatch(last.reason) and all(change.key in _COUNTS for change in changes):
        return f"{last.phase} did not end by a number: {last.reason}"
    return None


def _checkpoint_before(config: MethodConfig, folder: Path, phases: Set[str]) -> Path | None:
    """Return the newest intact checkpoint from before the end of any of some phases."""
    for checkpoint in reversed(folders(folder / CHECKPOINTS)):
        position = position_of(checkpoint)
        if position is None or not phases.isdisjoint(names_before(config, position)):
            continue
        try:
            intact_content(checkpoint)
        except DataError:
            continue
        return checkpoint
    return None


def adopt(
    config: MethodConfig,
    folder: Path,
    changes: Sequence[Change],
    start: RunStart,
    configuration: Mapping[str, Any],
) -> None:
    """Let a run continue with other exit criteria; its checkpoints after that point are removed.

    A process that is killed in between leaves a run that can be resumed: the configuration is
    written last.

    Args:
        config: of the method, with the changes.
        folder: of the run.
        changes: of exit criteria.
        start: how the run starts from now on.
        configuration: the content of `config.json` from now on.

    Raises:
        OSError: a file cannot be written.
    """
    keep = _checkpoint_before(config, folder, changed_phases(config, changes))
    for checkpoint in reversed(folders(folder / CHECKPOINTS)):
        if checkpoint == keep:
            break
        remove(checkpoint)
    (folder / RESULT).unlink(missing_ok=True)
    write_json(folder / RUN_START, asdict(start))
    write_json(folder / CONFIGURATION, configuration)
