"""Compare methods with a baseline by paired tests."""

import math
from collections.abc import Mapping

from dcrf.config.rules.suggestions import closest, listed
from dcrf.errors import DataError
from dcrf.functional.paired_tests import PAIRS_NEEDED, paired_test
from dcrf.reporting.comparison import METRICS, Comparison, Difference


def against(comparison: Comparison, baseline: str) -> dict[tuple[str, str, str], Difference]:
    """Return how every method differs from the baseline, over the seeds that both have.

    Args:
        comparison: of the methods.
        baseline: the name of one.

    Raises:
        DataError: no method has this name.
    """
    if baseline not in comparison.methods:
        guess = closest(baseline, comparison.methods)
        known = f"there are {listed(comparison.methods)}"
        remedy = f"did you mean {guess!r}?" if guess else known
        raise DataError(f"--baseline {baseline}: no such method in these runs; {remedy}")
    return {
        (method, dataset, metric): _difference(
            comparison.values.get((method, dataset, metric), {}),
            comparison.values.get((baseline, dataset, metric), {}),
        )
        for method in comparison.methods
        for dataset in comparison.datasets
        for metric in METRICS
        if method != baseline and (method, dataset, metric) in comparison.values
    }


def _difference(scores: Mapping[int, float], others: Mapping[int, float]) -> Difference:
    seeds = sorted(scores.keys() & others.keys())
    if not seeds:
        return Difference(0, None, None, None, "no verdict without a common seed")
    test = paired_test([scores[seed] - others[seed] for seed in seeds])
    t = None if math.isnan(test.t) else test.t
    verdict = test.verdict or f"no verdict, which needs {PAIRS_NEEDED} pairs"
    return Difference(len(seeds), test.difference, test.wilcoxon, t, verdict)
