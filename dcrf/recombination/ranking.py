"""The order of combinations by a score."""

from collections.abc import Sequence

from dcrf.recombination.results import CandidateResult
from dcrf.reporting.comparison import METRICS
from dcrf.schema.default_metrics import default_metrics
from dcrf.schema.registry import METRICS as ALL_METRICS


def metric_of(results: Sequence[CandidateResult]) -> str:
    """Return the score that orders combinations: the first against labels, if there are labels."""
    return METRICS[0] if any(result.scores for result in results) else unlabeled_metric()


def unlabeled_metric() -> str:
    """Return the score that orders combinations without labels."""
    return default_metrics("features")[0]


def score_of(result: CandidateResult, metric: str) -> float | None:
    """Return the mean of a score with or without labels; None without any."""
    return result.mean(metric) if metric in METRICS else result.unlabeled.get(metric)


def ranked(results: Sequence[CandidateResult], metric: str) -> list[CandidateResult]:
    """Return the combinations with a score and all of their runs, the best first."""
    whole = [result for result in results if not result.unfinished]
    scored = [result for result in whole if score_of(result, metric) is not None]
    is_reversed = is_larger_better(metric)
    return sorted(scored, key=lambda r: score_of(r, metric) or 0, reverse=is_reversed)


def is_larger_better(metric: str) -> bool:
    """Whether larger values of a metric are better."""
    return bool(ALL_METRICS.schemas[metric]["x-better"] == "larger")
