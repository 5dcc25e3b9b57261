"""Distances are those of the scores that a figure is of."""

from statistics import mean, stdev

import pytest

from dcrf.functional.published_mean import PublishedMean, published_mean_p, t_interval
from dcrf.reproduction.distance import distances
from tests.unit.reproduction.cases import BASELINE, FIGURE, result

SCORES = [0.91, 0.90, 0.92]


def of(*results):
    """Figure and metric -> distance."""
    return {(d.figure.of, d.metric): d for d in distances((FIGURE, BASELINE), results)}


def test_every_score_of_every_figure_has_a_distance():
    by_score = of(*(result(seed, acc) for seed, acc in enumerate(SCORES)))

    assert [*by_score] == [
        ("mean of 10 runs", "acc"), ("mean of 10 runs", "nmi"), ("baseline", "acc"),
    ]  # fmt: skip
    assert by_score["mean of 10 runs", "acc"].published == PublishedMean(0.9, 0.01, 10)
    assert by_score["mean of 10 runs", "nmi"].published == PublishedMean(0.8, None, 10)
    assert by_score["baseline", "acc"].scores == pytest.approx([acc - 0.2 for acc in SCORES])


def test_statistics_are_those_of_the_seeds():
    distance = of(*(result(seed, acc) for seed, acc in enumerate(SCORES)))["mean of 10 runs", "acc"]

    assert (distance.mean, distance.deviation) == (mean(SCORES), stdev(SCORES))
    assert distance.interval == t_interval(SCORES)
    assert distance.p == published_mean_p(SCORES, distance.published)


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ([], "not run"),
        ([0.5], "no test below 2 seeds"),
        ([0.90, 0.91, 0.89], "not distinguishable"),
        ([0.60, 0.61, 0.62], "below"),
        ([0.97, 0.98, 0.975], "above"),
    ],
)
def test_the_verdict_is_that_of_the_test(scores, verdict):
    distance = of(*(result(seed, acc) for seed, acc in enumerate(scores)))["mean of 10 runs", "acc"]

    assert distance.verdict == verdict


def test_a_single_seed_has_no_statistics():
    distance = of(result())["mean of 10 runs", "acc"]

    assert (distance.deviation, distance.interval, distance.p) == (None, None, None)


def test_results_without_the_reclustering_of_a_figure_are_absent():
    distance = of(result(scores={"": {"acc": 0.9}}))["baseline", "acc"]

    assert distance.verdict == "not run"
