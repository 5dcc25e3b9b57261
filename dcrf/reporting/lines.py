"""Log lines of one grammar, and tables for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from dcrf.errors import indented
from dcrf.reporting.records import (
    EvaluationRecord,
    LossRecord,
    Note,
    Outcome,
    PhaseRecord,
    PhaseStart,
    ReclusteringRecord,
    Record,
    ScheduleRecord,
    ValidationRecord,
)
from dcrf.reporting.scores import heading, is_scored_by_labels, scores_of


def line(record: Record) -> str | None:
    """Return the line of a record, or None if it has none."""
    match record:
        case Note():
            return record.text
        case PhaseStart():
            return f"{record.phase}  starts on {record.dataset}"
        case LossRecord():
            return values_line(record, record.losses)
        case ScheduleRecord():
            return values_line(record, record.values)
        case EvaluationRecord():
            return evaluation_line(record)
        case ValidationRecord():
            return validation_line(record)
        case ReclusteringRecord():
            return reclustering_line(record)
        case PhaseRecord():
            return phase_line(record)
    return None


def values_line(record: LossRecord | ScheduleRecord, values: Mapping[str, float]) -> str:
    """Return `finetuning  it 1500  target_distribution/divergence 0.3124`."""
    shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
    return f"{record.phase}  it {record.iteration}  {shown}"


def evaluation_line(record: EvaluationRecord) -> str:
    """Return `finetuning  it 1500  ACC 0.953  NMI 0.902  ARI 0.901  (n=10000)`.

    The last evaluation of samples also counts empty clusters, if there are any.
    """
    place = f"{record.phase}  it {record.iteration}" if record.phase else f"{record.dataset}  final"
    samples = f"(n={sample_size(record.evaluation)})"
    empty = [] if record.phase else _empty_clusters(record.evaluation)
    return "  ".join([place, *scores(record.evaluation), samples, *empty])


def _empty_clusters(evaluation: Mapping[str, Any]) -> list[str]:
    sizes = evaluation.get("cluster_sizes", ())
    if "deviations" in evaluation or all(sizes):  # with deviations, they are numbers of problems
        return []
    return [f"{sum(not size for size in sizes)} of {len(sizes)} clusters empty"]


def validation_line(record: ValidationRecord) -> str:
    """Return `training  it 1500  on unseen  ACC 0.953  NMI 0.902  ARI 0.901  (n=300)`."""
    place = f"{record.phase}  it {record.iteration}  on {record.dataset}"
    samples = f"(n={sample_size(record.evaluation)})"
    return "  ".join([place, *scores(record.evaluation), samples])


def reclustering_line(record: ReclusteringRecord) -> str:
    """Return `pretraining  reclustering k-means  ACC 0.753  NMI 0.702  ARI 0.651  (n=10000)`."""
    samples = f"(n={sample_size(record.evaluation)})"
    place = f"{record.phase}  reclustering {record.name}"
    return "  ".join([place, *scores(record.evaluation), samples])


def sample_size(evaluation: Mapping[str, Any]) -> str:
    """Return `60`, or `5000 of 60000` if all scores are those of a random sub-sample.

    If there is noise, its share follows: `60, 12.5 % noise`.
    """
    size, noise = evaluation["n_samples"], evaluation.get("noise", 0)
    scored = size if is_scored_by_labels(evaluation) else evaluation.get("internal_samples", size)
    number = str(size) if scored == size else f"{scored} of {size}"
    return f"{number}, {100 * noise / size:.1f} % noise" if noise else number


def scores(evaluation: Mapping[str, Any]) -> list[str]:
    """Return `ACC 0.953` and so on."""
    values = scores_of(evaluation).items()
    return [f"{heading(name)} {value:.3f}" for name, value in values if value is not None]


def phase_line(record: PhaseRecord) -> str:
    """Return the iteration and epoch at which a phase ended, and the reason."""
    place = f"{record.phase}  ended at it {record.iteration} in epoch {record.epoch}"
    return f"{place}: {record.reason}"


def outcome_line(outcome: Outcome) -> str:
    """Return `dec  crashed: died of SIGSEGV (Segmentation fault)`."""
    cause = f": {outcome.error}" if outcome.error else ""
    return indented(f"{outcome.method}  {outcome.status}{cause}")


def duration(seconds: float) -> str:
    """Return `48.0 s`, `12 min 05 s` or `3 h 20 min`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with columns of fitting width; columns of numbers are right-aligned."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    numeric = [_is_numeric(column) for column in zip(*rows, strict=True)] or [False] * len(header)
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_numeric(column: Sequence[str]) -> bool:
    return all(cell in ("", "-") or cell.lstrip("*-")[:1].isdigit() for cell in column)
