"""Run one method with one seed, and write its run folder."""

import shlex
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from dcrf.builder import RunContext, build_plans, label_informed
from dcrf.config.file_names import clean_name
from dcrf.config.method_config import MethodConfig
from dcrf.errors import DcrfError, describe, is_expected, status_of
from dcrf.randomness import RandomStreams
from dcrf.reporting.records import DatasetRecord, Note, Outcome
from dcrf.reporting.writers import JsonLines, Lines, LogFile, Terminal, Writer, Writers
from dcrf.runs.device import resolve_device
from dcrf.runs.environment import environment
from dcrf.runs.job import Output
from dcrf.runs.resume import check_same_configuration
from dcrf.runs.run_files import CHECKPOINTS, RunFiles
from dcrf.runs.run_folder import (
    RESULT,
    RunStart,
    new_run_folder,
    next_run_number,
    run_configuration,
)
from dcrf.storage.atomic_files import locked, remove_temporary_files, write_json
from dcrf.storage.checkpoint_files import Checkpoint, remove_checkpoints
from dcrf.training.checkpoints import Checkpoints, Stateful
from dcrf.training.interruption import StopRequest, handle_signals
from dcrf.training.start import Start
from dcrf.training.trainer import Trainer

METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Run(RunContext):
    """One run of a method, and its folder."""

    files: RunFiles
    folder: Path


def run_method(config: MethodConfig, seed: int, output: Output) -> Outcome:
    """Train and evaluate; a failure or an interruption is an outcome, not an exception."""
    start = time.perf_counter()
    with ExitStack() as stack:
        try:
            device = resolve_device(config.device)
        except DcrfError as error:
            return _failed(config, seed, output, str(error))
        try:
            folder = output.resume_folder or _new_folder(config, seed, output)
            stack.enter_context(locked(folder / CHECKPOINTS / "lock"))
            metrics, log = JsonLines(folder / METRICS), _log_file(config, folder, output)
        except OSError as error:
            return _failed(config, seed, output, f"results cannot be written: {error}")
        writer = Writers([_console(), metrics, *([log] if log else [])])
        stack.callback(writer.close)
        files = RunFiles(folder, config.name, output.seed_in_names)
        run = Run(config, RandomStreams(seed), device, writer, files, folder)
        outcome = _run(run, metrics, log, output)
    return replace(outcome, seconds=time.perf_counter() - start)


def _failed(config: MethodConfig, seed: int, output: Output, cause: str) -> Outcome:
    """Return the outcome of a run that could not start."""
    source, overrides = str(config.source), output.overrides
    return Outcome(source, config.name, seed, "failed", error=cause, overrides=overrides)


def _run(run: Run, metrics: JsonLines, log: LogFile | None, output: Output) -> Outcome:
    """Train, and write `timing.json` and `result.json`."""
    stop = StopRequest()
    checkpoints = _checkpoints(run, metrics, stop, output.checkpoint_interval)
    trainer = Trainer(build_plans(run), run.streams, run.writer, checkpoints)
    with handle_signals(stop):
        status, failure = _train(trainer, checkpoints, run, output, log)
    outcome = Outcome(
        source=str(run.config.source),
        method=run.config.name,
        seed=run.streams.seed,
        status=status,
        label_informed=label_informed(run.config) and not _is_unlabeled(trainer.history.datasets),
        datasets=tuple(trainer.history.datasets),
        phases=tuple(trainer.history.phases),
        error=failure,
        warnings=run.config.warnings,
        overrides=output.overrides,
    )
    try:
        write_json(run.folder / "timing.json", trainer.history.durations.seconds)
        write_json(run.folder / RESULT, _result(outcome))
    except OSError as error:
        cause = f"results cannot be written: {error}"
        _log(run, f"{cause}; once they can, resume with: {_resume_command(run, output)}")
        return replace(outcome, status="failed", error=cause)
    if outcome.status == "ok" and not output.keeps_checkpoints:
        remove_checkpoints(run.folder / CHECKPOINTS)
    return outcome


def _is_unlabeled(datasets: Sequence[DatasetRecord]) -> bool:
    """Whether every data set that was evaluated is unlabeled."""
    evaluations = [record.evaluation for record in datasets if record.evaluation]
    return bool(evaluations) and all(evaluation["acc"] is None for evaluation in evaluations)


def _checkpoints(
    run: Run, metrics: JsonLines, stop: StopRequest, interval: int | None
) -> Checkpoints:
    description = {
        "configuration": run_configuration(run.config, run.streams.seed),
        "torch": str(torch.__version__),
        "device": run.device,
        "threads": torch.get_num_threads(),
    }
    files: dict[str, Stateful] = {"metrics": metrics, "files": run.files.numbered}
    return Checkpoints(run.folder / CHECKPOINTS, run.writer, stop, files, description, interval)


def _train(
    trainer: Trainer, checkpoints: Checkpoints, run: Run, output: Output, log: LogFile | None
) -> tuple[str, str | None]:
    """Train to the end if possible; return the status, and the cause of a failure."""
    try:
        write_json(run.folder / "environment.json", environment(run.device))
        trainer.run(_start(checkpoints, run, output))
        return "ok", None
    except KeyboardInterrupt:
        _log(run, f"interrupted; resume with: {_resume_command(run, output)}")
        return "interrupted", None
    except (DcrfError, OSError) as error:
        _log(run, f"failed: {error}")
        if checkpoints.last:
            folder, place = checkpoints.last
            _log(run, f"the last good checkpoint is {folder} ({place})")
            if status_of(error) != "diverged":
                _log(run, f"after removing the cause, resume with: {_resume_command(run, output)}")
        if log is not None and not is_expected(error):
            with suppress(OSError):
                log.write(Note("".join(traceback.format_exception(error))))
        return status_of(error), str(error)


def _start(checkpoints: Checkpoints, run: Run, output: Output) -> Start:
    """Return the start of the run, at its newest checkpoint if it has one, and log it.

    Raises:
        ConfigError: the checkpoint was written with another configuration.
        DataError, OSError: the checkpoint cannot be restored.
    """
    checkpoint = checkpoints.read_newest(run.device)
    place = f"resumes from {checkpoint.folder}" if checkpoint else f"results in {run.folder}"
    _write(run, f"seed {run.streams.seed}  {place}")
    if output.overrides:
        _write(run, f"note: the file's values are changed by {', '.join(output.overrides)}")
    for note in run.config.notes:
        _write(run, f"note: {note}")
    for warning in run.config.warnings:
        in_one_line = describe(run.config.source, warning).replace("\n    ", "; ")
        _write(run, f"warning: {in_one_line}")
    if checkpoint is not None:
        _compare(checkpoint, checkpoints.description, run)
    for folder in (run.folder, *filter(Path.is_dir, run.folder.iterdir())):
        remove_temporary_files(folder)  # `find_existing_run` has refused links
    return checkpoints.start_from(checkpoint)


def _compare(checkpoint: Checkpoint, now: Mapping[str, Any], run: Run) -> None:
    """Note differences of the environment; raise ConfigError for another configuration."""
    before = checkpoint.description
    check_same_configuration(before.get("configuration"), now["configuration"], checkpoint.folder)
    for key in ("torch", "device", "threads"):
        if before.get(key) != now[key]:
            change = f"the checkpoint was written with {key} {before.get(key)}, now it is {now[key]}"
            run.writer.write(Note(f"{change}: results may differ in their last digits"))


def _write(run: Run, text: str) -> None:
    run.writer.write(Note(f"{run.config.name}  {text}"))


def _log(run: Run, text: str) -> None:
    """Log a message; a full disk is not a second failure."""
    with suppress(OSError):
        _write(run, text)


def _resume_command(run: Run, output: Output) -> str:
    return f"{output.program} --resume {shlex.quote(str(run.folder))}"


def _console() -> Writer:
    if sys.stderr is not None and sys.stderr.isatty():
        return Terminal(sys.stderr)
    return Lines(sys.stdout, timestamps=False)


def _new_folder(config: MethodConfig, seed: int, output: Output) -> Path:
    parent = output.folder / clean_name(config.name)
    start = RunStart(
        output.seed_in_names, torch.get_num_threads(), next_run_number(parent), output.overrides
    )
    return new_run_folder(parent, seed, start, run_configuration(config, seed))


def _log_file(config: MethodConfig, folder: Path, output: Output) -> LogFile | None:
    if not output.writes_logs:
        return None
    if output.log_file is None:
        return LogFile(folder / "log.txt", timestamps=output.timestamps)
    path = Path(output.log_file.replace("%s", clean_name(config.name)))
    return LogFile(path, timestamps=output.timestamps, prefix=output.prefix)


def _result(outcome: Outcome) -> dict[str, object]:
    """Return the content of `result.json`, which is independent of time and place."""
    content = asdict(outcome)
    content["warnings"] = [
        {"path": warning.path, "found": warning.found, "remedy": warning.remedy}
        for warning in outcome.warnings
    ]
    return {key: value for key, value in content.items() if key not in ("source", "seconds")}
