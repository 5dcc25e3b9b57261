"""Run one method with one seed, and write its run folder."""

import shlex
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from dcrf.builder import RunContext, build_plans, label_informed, trains_on_labels
from dcrf.config.file_names import clean_name
from dcrf.config.method_config import MethodConfig
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays
from dcrf.errors import DcrfError, describe, is_expected, status_of
from dcrf.parallel.world import current
from dcrf.pictures.writer import SetPages
from dcrf.randomness import RandomStreams
from dcrf.reporting.progress import NO_RUN
from dcrf.reporting.records import DatasetRecord, Note, Outcome, RunEnded
from dcrf.reporting.scores import is_scored_by_labels
from dcrf.reporting.tracker_writer import TrackerWriter
from dcrf.reporting.writers import (
    NO_WRITER,
    JsonLines,
    LinesWithProgress,
    LogFile,
    StatusSender,
    Terminal,
    Writer,
    Writers,
)
from dcrf.runs.changed_criteria import adopt, changeable
from dcrf.runs.device import resolve_device
from dcrf.runs.earlier_run import earlier_run
from dcrf.runs.environment import environment
from dcrf.runs.job import Output
from dcrf.runs.new_run import create_run_folder
from dcrf.runs.phase_order import names_before
from dcrf.runs.process_group import send_start
from dcrf.runs.resume import changes_of, check_same_configuration
from dcrf.runs.run_files import Keep, RunFiles, forget
from dcrf.runs.run_folder import (
    CHECKPOINTS,
    ENVIRONMENT,
    RESULT,
    TIMING,
    read_run_start,
    run_configuration,
)
from dcrf.schema.registry import TRACKERS
from dcrf.storage.atomic_files import locked, remove_temporary_files, write_json
from dcrf.storage.checkpoint_files import Checkpoint, remove_checkpoints
from dcrf.storage.checkpoint_folders import position_of
from dcrf.tracking.base import TrackedRun
from dcrf.training.checkpoints import AgreedCheckpoints, Checkpoints, Stateful
from dcrf.training.history import RunHistory
from dcrf.training.interruption import StopRequest, handle_signals
from dcrf.training.start import Start
from dcrf.training.trainer import Trainer

METRICS, PICTURES = "metrics.jsonl", "pictures"


@dataclass(frozen=True, slots=True)
class Run(RunContext):
    """One run of a method, and its folder.

    lead: begins its lines, unless the process that shows several runs names it.
    """

    files: RunFiles
    folder: Path
    lead: str


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The end of a run in this process.

    error: the reason why the status is not `ok`, else None.
    folder: the run folder, None without one.
    """

    outcome: Outcome
    error: BaseException | None = None
    folder: Path | None = None


def run_method(config: MethodConfig, seed: int, output: Output) -> Outcome:
    """Train and evaluate; a failure or an interruption is an outcome, not an exception."""
    return run_in_folder(config, seed, output).outcome


def run_in_folder(
    config: MethodConfig,
    seed: int,
    output: Output,
    arrays: Arrays = NO_ARRAYS,
    records: Writer = NO_WRITER,
    keep: Keep = forget,
) -> RunEnd:
    """Train, evaluate and write a run folder; return failures and interruptions.

    Args:
        config: of the method.
        seed: of the run.
        output: how and where results are written.
        arrays: data handed over in Python, by name.
        records: also takes the records of the run.
        keep: takes the results of every data set.
    """
    start = time.perf_counter()
    with ExitStack() as stack:
        try:
            device = resolve_device(config.device)
        except DcrfError as error:
            return _failed(config, seed, output, str(error), error)
        try:
            folder = output.resume_folder or create_run_folder(
                config, seed, output, torch.get_num_threads()
            )
            stack.enter_context(locked(folder / CHECKPOINTS / "lock"))
            metrics, log = JsonLines(folder / METRICS), _log_file(config, folder, output)
        except OSError as error:
            cause = f"results cannot be written: {error}"
            return _failed(config, seed, output, cause, error)
        console = [_console(output, folder)] if output.shows_lines else []
        pages = SetPages(folder / PICTURES)
        people = [*console, *([log] if log else [])]
        trackers = _trackers(config, seed, folder, output, Writers(people))
        writer = Writers([*people, metrics, pages, *trackers, records])
        stack.callback(writer.close)
        files = RunFiles(
            folder,
            config.name,
            output.seed_in_names,
            keep,
            saves_features=output.saves_features,
            moments_interval=output.moments_interval,
        )
        lead = "" if output.prefix else f"{config.name}  "
        run = Run(config, RandomStreams(seed), device, writer, files, folder, lead, arrays=arrays)
        end = _run(run, metrics, log, output)
        writer.write(RunEnded(end.outcome.status))
    seconds = time.perf_counter() - start
    outcome = replace(end.outcome, seconds=seconds, folder=str(folder))
    return replace(end, outcome=outcome, folder=folder)


def run_in_memory(
    config: MethodConfig,
    seed: int,
    arrays: Arrays,
    records: Writer,
    keep: Keep,
    *,
    shows_lines: bool,
) -> RunEnd:
    """Train and evaluate without a run folder. The arguments are those of `run_in_folder`.

    Raises:
        DataError, TrainingError: as the trainer does.
        KeyboardInterrupt: at once, since no checkpoint is written.
    """
    start = time.perf_counter()
    writer = Writers([*([_console()] if shows_lines else []), records])
    files = RunFiles(None, config.name, keep=keep)
    device = resolve_device(config.device)
    run = RunContext(config, RandomStreams(seed), device, writer, files, arrays=arrays)
    trainer = Trainer(build_plans(run), run.streams, run.writer)
    try:
        trainer.run()
    finally:
        writer.close()
    outcome = outcome_of(run, trainer.history)
    return RunEnd(replace(outcome, seconds=time.perf_counter() - start))


def outcome_of(
    run: RunContext,
    history: RunHistory,
    status: str = "ok",
    error: str | None = None,
    overrides: tuple[str, ...] = (),
) -> Outcome:
    """Return the outcome of a run, with what it has finished."""
    return Outcome(
        source=str(run.config.source),
        method=run.config.name,
        seed=run.streams.seed,
        status=status,
        label_informed=trains_on_labels(run.config)
        or (label_informed(run.config) and _sees_labels(run.config, history.datasets)),
        datasets=tuple(history.datasets),
        phases=tuple(history.phases),
        error=error,
        warnings=run.config.warnings,
        overrides=overrides,
    )


def _failed(
    config: MethodConfig, seed: int, output: Output, cause: str, error: BaseException
) -> RunEnd:
    """Return the end of a run that could not start."""
    source, overrides = str(config.source), output.overrides
    outcome = Outcome(source, config.name, seed, "failed", error=cause, overrides=overrides)
    return RunEnd(outcome, error)


def _run(run: Run, metrics: JsonLines, log: LogFile | None, output: Output) -> RunEnd:
    """Train, and write `timing.json` and `result.json`."""
    stop = StopRequest()
    checkpoints = _checkpoints(run, metrics, stop, output)
    written = checkpoints if current() is None else AgreedCheckpoints(checkpoints)
    trainer = Trainer(build_plans(run), run.streams, run.writer, written, output.end)
    with handle_signals(stop):
        failure = _train(trainer, checkpoints, run, output, log)
    status = _status_and_cause(failure, trainer.stopped_before)
    outcome = outcome_of(run, trainer.history, *status, output.overrides)
    try:
        write_json(run.folder / TIMING, trainer.history.durations.seconds)
        write_json(run.folder / RESULT, _result(outcome))
    except OSError as error:
        cause = f"results cannot be written: {error}"
        _log(run, f"{cause}{_resume_hint('; once they can,', run, output)}")
        return RunEnd(replace(outcome, status="failed", error=cause), failure or error)
    if outcome.status == "ok" and not output.keeps_checkpoints:
        remove_checkpoints(run.folder / CHECKPOINTS)
    return RunEnd(outcome, failure)


def _status_and_cause(
    failure: BaseException | None, stopped_before: str | None
) -> tuple[str, str | None]:
    if failure is None:
        is_whole = stopped_before is None
        return ("ok", None) if is_whole else ("partial", f"stopped before {stopped_before}")
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted", None
    return status_of(failure), str(failure)


def _sees_labels(config: MethodConfig, datasets: Sequence[DatasetRecord]) -> bool:
    """Whether a data set may have labels: one of a validation, or one not known to have none."""
    if any(phase.validation is not None for phase in config.phases):
        return True
    evaluations = [record.evaluation for record in datasets if record.evaluation]
    return not evaluations or any(map(is_scored_by_labels, evaluations))


def _checkpoints(run: Run, metrics: JsonLines, stop: StopRequest, output: Output) -> Checkpoints:
    description = {
        "configuration": run_configuration(run.config, run.streams.seed),
        "torch": str(torch.__version__),
        "device": run.device,
        "threads": torch.get_num_threads(),
    }
    files: dict[str, Stateful] = {"metrics": metrics, "files": run.files.numbered}
    return Checkpoints(
        run.folder / CHECKPOINTS,
        run.writer,
        stop,
        files,
        description,
        output.checkpoint_interval,
        keeps_ends=output.keeps_checkpoints or output.end is not None,
    )


def _train(
    trainer: Trainer, checkpoints: Checkpoints, run: Run, output: Output, log: LogFile | None
) -> BaseException | None:
    """Train to the end if possible; return the failure or interruption that prevents it."""
    try:
        write_json(run.folder / ENVIRONMENT, environment(run.device))
        start = _start(checkpoints, run, output)
        if current() is not None:
            send_start(start)
        trainer.run(start)
        if trainer.stopped_before is not None:
            stopped = f"stopped before {trainer.stopped_before}, as asked"
            _log(run, f"{stopped}{_resume_hint(';', run, output)}")
        return None
    except KeyboardInterrupt as interruption:
        _log(run, f"interrupted{_resume_hint(';', run, output)}")
        return interruption
    except (DcrfError, OSError) as error:
        _log(run, f"failed: {error}")
        if checkpoints.last:
            folder, place = checkpoints.last
            _log(run, f"the last good checkpoint is {folder} ({place})")
            hint = _resume_hint("after removing the cause,", run, output)
            if hint and status_of(error) != "diverged":
                _log(run, hint)
        if log is not None and not is_expected(error):
            with suppress(OSError):
                log.write(Note("".join(traceback.format_exception(error))))
        return error


def _start(checkpoints: Checkpoints, run: Run, output: Output) -> Start:
    """Return the start of the run, at its newest checkpoint if it has one, and log it.

    Raises:
        ConfigError: the checkpoint was written with another configuration.
        DataError, OSError: the checkpoint cannot be restored.
    """
    if output.resume_folder is not None:
        _adopt_changes(run, output)
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


def _adopt_changes(run: Run, output: Output) -> None:
    """Let a run that is resumed with other exit criteria continue with these.

    Raises:
        ConfigError: other values have changed, too.
        OSError: the new configuration cannot be written.
    """
    seed = run.streams.seed
    changes = changes_of(run.config, seed, run.folder, changeable(run.config))
    if changes:
        start = replace(read_run_start(run.folder), overrides=output.overrides)
        adopt(run.config, run.folder, changes, start, run_configuration(run.config, seed))


def _compare(checkpoint: Checkpoint, now: Mapping[str, Any], run: Run) -> None:
    """Note differences of the environment; raise ConfigError for another configuration."""
    before = checkpoint.description
    ended = names_before(run.config, position_of(checkpoint.folder))
    accepted = check_same_configuration(
        before.get("configuration"),
        now["configuration"],
        checkpoint.folder,
        changeable(run.config, ended),
    )
    for difference in accepted:
        _write(run, f"note: {difference.path}: {difference.words}")
    for key in ("torch", "device", "threads"):
        if before.get(key) != now[key]:
            change = (
                f"the checkpoint was written with {key} {before.get(key)}, now it is {now[key]}"
            )
            run.writer.write(Note(f"{change}: results may differ in their last digits"))


def _write(run: Run, text: str) -> None:
    run.writer.write(Note(f"{run.lead}{text}"))


def _log(run: Run, text: str) -> None:
    """Log a message; a full disk is not a second failure."""
    with suppress(OSError):
        _write(run, text)


def _resume_hint(lead: str, run: Run, output: Output) -> str:
    """Return `<lead> resume with: <command>`; nothing for arrays, which no command has."""
    command = f"{output.program} --resume {shlex.quote(str(run.folder))}"
    return "" if run.arrays else f"{lead} resume with: {command}"


def _console(output: Output | None = None, folder: Path | None = None) -> Writer:
    """Return the writer for people: of a run in this folder, or of one in memory."""
    earlier = NO_RUN if folder is None else earlier_run(folder)
    if output is not None and output.sends_status:
        return StatusSender(sys.stdout, earlier=earlier)
    if sys.stderr is not None and sys.stderr.isatty():
        return Terminal(sys.stderr, earlier=earlier)
    return LinesWithProgress(sys.stdout, earlier=earlier)


def _trackers(
    config: MethodConfig, seed: int, folder: Path, output: Output, people: Writers
) -> list[Writer]:
    """Return the writers to trackers, which warn people if a tracker fails."""
    run = TrackedRun(config.name, seed, folder, run_configuration(config, seed))
    starts = {name: partial(TRACKERS.resolve(name), run) for name in output.trackers}
    return [TrackerWriter(name, start, people.write) for name, start in starts.items()]


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
    return {
        key: value for key, value in content.items() if key not in ("source", "seconds", "folder")
    }
