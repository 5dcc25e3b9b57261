"""Compare methods over data sets by their ranks."""

from collections.abc import Mapping, Sequence
from statistics import mean

from dcrf.errors import counted
from dcrf.functional.paired_tests import LEVEL, PAIRS_NEEDED, PairedTest, paired_test
from dcrf.functional.rank_tests import (
    DATA_SETS_NEEDED,
    METHODS_NEEDED,
    data_sets_for_pairs,
    friedman,
    pairs_of_methods,
)
from dcrf.reporting.comparison import METRICS, Comparison
from dcrf.reporting.scores import heading

_NO_VERDICT = "not distinguishable"
_LESS = "trained methods less the best baseline"


def ranking(comparison: Comparison) -> list[str]:
    """Return sentences about ranks of the unsupervised methods, at least three, over data sets.

    A method's value on a data set is the mean over the seeds that all methods have there. Methods
    on fewer data sets than most are left out if three others are left. Data sets that lack a
    method, or a common seed, do not count.
    """
    methods = _methods_of_most_data(comparison)
    sentences = [line for metric in METRICS for line in _of_metric(comparison, methods, metric)]
    if others := [name for name in comparison.unsupervised if name not in methods]:
        sentences.append(f"without a rank, since they ran on fewer data sets: {', '.join(others)}")
    return list(dict.fromkeys(sentences))


def _methods_of_most_data(comparison: Comparison) -> list[str]:
    """Return the methods on the largest number of data sets; all, if these are below three."""
    data: dict[str, set[str]] = {name: set() for name in comparison.unsupervised}
    for method, dataset, _ in comparison.values:
        data.get(method, set()).add(dataset)
    most = max(map(len, data.values()))
    methods = [name for name, own in data.items() if len(own) == most]
    return methods if len(methods) >= METHODS_NEEDED else list(data)


def _of_metric(comparison: Comparison, methods: Sequence[str], metric: str) -> list[str]:
    rows = []
    for dataset in comparison.datasets:
        seeds = common_seeds(comparison, methods, dataset, metric)
        if seeds:
            scores = (comparison.values[method, dataset, metric] for method in methods)
            rows.append([mean(own[seed] for seed in seeds) for own in scores])
    if len(rows) < DATA_SETS_NEEDED:
        return [
            f"no ranks over data sets: {len(rows)} of {len(comparison.datasets)} have scores of "
            f"all {len(methods)} methods with a common seed; Friedman's test needs "
            f"{DATA_SETS_NEEDED}"
        ]
    test = friedman(rows)
    order = sorted(zip(test.ranks, methods, strict=True))
    ranks = ", ".join(f"{name} {rank:.2f}" for rank, name in order)
    verdict = "they differ" if test.p < LEVEL else _NO_VERDICT
    ranked = (
        f"{heading(metric)}, mean ranks over {len(rows)} data sets: {ranks}; {verdict} "
        f"(Friedman p = {test.p:.3f})"
    )
    return [ranked, f"{heading(metric)}, {_pairs(rows, methods)}"]


def _pairs(rows: Sequence[Sequence[float]], methods: Sequence[str]) -> str:
    """Return the pairs of methods that differ over data sets."""
    needed = data_sets_for_pairs(len(methods))
    if len(rows) < needed:
        return f"no verdict on pairs, which needs {needed} data sets for {len(methods)} methods"
    pairs = pairs_of_methods(rows)
    differing = [pair for pair in pairs if pair.verdict != _NO_VERDICT]
    words = []
    for pair in differing:
        names = methods[pair.first], methods[pair.second]
        size = f"{pair.difference:+.3f}, p = {pair.p:.3f}"
        words.append(f"{names[0]} {pair.verdict} than {names[1]} ({size})")
    if others := len(pairs) - len(differing):
        least = min(pair.p for pair in pairs if pair.verdict == _NO_VERDICT)
        words.append(f"{others} not distinguishable (p from {least:.3f})")
    return f"pairs by Wilcoxon with Holm's correction: {', '.join(words)}"


def common_seeds(
    comparison: Comparison, methods: Sequence[str], dataset: str, metric: str
) -> list[int]:
    """Return the seeds for which all methods have a score on a data set, in rising order."""
    none: Mapping[int, float] = {}
    scores = [comparison.values.get((method, dataset, metric), none) for method in methods]
    return sorted(set.intersection(*(set(own) for own in scores)))


def null_hypothesis(
    comparison: Comparison, trained: Sequence[str], baselines: Sequence[str]
) -> list[str]:
    """Return whether trained methods bring nothing on average, in a sentence for each metric.

    Below `PAIRS_NEEDED` data sets it is one sentence without a verdict.

    On each data set the mean of the trained methods is compared with the best baseline there, whose
    choice by its scores favors the baselines. Both are means over seeds.

    Args:
        comparison: of all of them.
        trained: names of the trained methods.
        baselines: names of the methods that do not train.
    """
    tests = {}
    for metric in METRICS:
        differences = []
        for dataset in comparison.datasets:
            ours = _means(comparison, trained, dataset, metric)
            others = _means(comparison, baselines, dataset, metric)
            if ours and others:
                differences.append(mean(ours) - max(others))
        if differences:
            tests[metric] = len(differences), paired_test(differences)
    tested = {metric: test for metric, test in tests.items() if test[1].verdict is not None}
    sentences = [_null_sentence(metric, *test) for metric, test in tested.items()]
    refused = {metric: test for metric, test in tests.items() if metric not in tested}
    return [*sentences, *([_refusal(refused)] if refused else [])]


def _means(
    comparison: Comparison, methods: Sequence[str], dataset: str, metric: str
) -> list[float]:
    """Return the means of the methods that have scores of a data set; labels influenced none."""
    unsupervised = [name for name in methods if name in comparison.unsupervised]
    keys = [(name, dataset, metric) for name in unsupervised]
    return [mean(comparison.values[key].values()) for key in keys if key in comparison.values]


def _null_sentence(metric: str, n_datasets: int, test: PairedTest) -> str:
    verdicts = {
        "better": "is rejected: they are better",
        "worse": "is rejected: they are worse",
        _NO_VERDICT: "is not rejected",
    }
    return (
        f"{heading(metric)}, {_LESS}: {test.difference:+.3f} on average over {n_datasets} data "
        f"sets (Wilcoxon p = {test.wilcoxon:.3f}): the hypothesis that they bring nothing "
        f"{verdicts[str(test.verdict)]}"
    )


def _refusal(tests: Mapping[str, tuple[int, PairedTest]]) -> str:
    """Return the sentence of metrics on too few data sets, which have equal numbers of them."""
    values = [f"{heading(metric)} {test.difference:+.3f}" for metric, (_, test) in tests.items()]
    number = max(n for n, _ in tests.values())
    return (
        f"{_LESS}: {', '.join(values)} on average over {counted(number, 'data set')}"
        f"; no verdict, which needs {PAIRS_NEEDED} data sets"
    )
