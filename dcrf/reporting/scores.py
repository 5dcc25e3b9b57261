"""Read the scores of an evaluation's record."""

from collections.abc import Mapping, Sequence
from typing import Any

from dcrf.schema.default_metrics import default_metrics
from dcrf.schema.registry import METRICS

_ABBREVIATION_LETTERS = 3


def scores_of(evaluation: Mapping[str, Any]) -> dict[str, float | None]:
    """Return metric -> its value: those against labels, then those of features."""
    of_labels = {name: value for name, value in evaluation.items() if name in METRICS.stems}
    return {**of_labels, **evaluation.get("internal", {})}


def is_scored_by_labels(evaluation: Mapping[str, Any]) -> bool:
    """Whether the data set has labels that its clusters are compared with."""
    return any(evaluation.get(name) is not None for name in default_metrics("labels"))


def headings(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return metric -> heading: default ones, others against labels, those of features."""
    internal = [name for evaluation in evaluations for name in evaluation.get("internal", ())]
    of_labels = [n for e in evaluations for n in scores_of(e) if n not in internal]
    return {name: heading(name) for name in (*default_metrics("labels"), *of_labels, *internal)}


def shown_headings(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return `headings`; only those of features if there are some, and no data set has labels."""
    names = headings(evaluations)
    internal = {name for evaluation in evaluations for name in evaluation.get("internal", ())}
    if not internal or any(map(is_scored_by_labels, evaluations)):
        return names
    return {name: words for name, words in names.items() if name in internal}


def heading(metric: str) -> str:
    """Return `ACC` for `acc`, as abbreviations are written; longer names stay as they are."""
    return metric.upper() if len(metric) <= _ABBREVIATION_LETTERS else metric
