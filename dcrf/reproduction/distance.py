"""The distance of results over seeds from a published figure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from dcrf.functional.intervals import Interval
from dcrf.functional.published_mean import (
    LEVEL,
    SCORES_NEEDED,
    PublishedMean,
    published_mean_p,
    t_interval,
)
from dcrf.reproduction.figures import Figure
from dcrf.reproduction.seed_result import OWN, SeedResult


@dataclass(frozen=True, slots=True)
class Distance:
    """Scores over seeds beside a published figure, for one metric.

    published: its mean, with deviation and number of runs if they are known.
    scores: ours, one for each seed; empty without a result.
    """

    figure: Figure
    metric: str
    published: PublishedMean
    scores: Sequence[float]

    @property
    def mean(self) -> float:
        """The mean of our scores, of which there is at least one."""
        return mean(self.scores)

    @property
    def deviation(self) -> float | None:
        """Our standard deviation (n - 1); None of fewer than two scores."""
        return stdev(self.scores) if len(self.scores) > 1 else None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of our mean; None of fewer than two scores."""
        return t_interval(self.scores)

    @property
    def p(self) -> float | None:
        """The p-value of the published mean; None of fewer than two scores."""
        if len(self.scores) < SCORES_NEEDED:
            return None
        return published_mean_p(self.scores, self.published)

    @property
    def verdict(self) -> str:
        """`not distinguishable`, `above` or `below`; or why there is no verdict."""
        if not self.scores:
            return "not run"
        p = self.p
        if p is None:
            return f"no test below {SCORES_NEEDED} seeds"
        if p >= LEVEL:
            return "not distinguishable"
        return "above" if self.mean > self.published.mean else "below"


def distances(figures: Sequence[Figure], results: Sequence[SeedResult]) -> Iterator[Distance]:
    """Yield the distance from every score of every figure."""
    for figure in figures:
        clustering = figure.reclustering or OWN
        for metric, value in figure.scores.items():
            published = PublishedMean(value, figure.deviations.get(metric), figure.runs)
            known = [result.scores.get(clustering, {}) for result in results]
            scores = [scores[metric] for scores in known if metric in scores]
            yield Distance(figure, metric, published, scores)
