"""Reproductions in words, for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import mean

from dcrf.functional.intervals import Interval
from dcrf.reporting.lines import duration
from dcrf.reporting.markup import fit, wrapped
from dcrf.reporting.scores import heading
from dcrf.reproduction.distance import Distance, distances
from dcrf.reproduction.entries import Reproduction
from dcrf.reproduction.figures import Figure
from dcrf.reproduction.seed_result import SeedResult

ABSENT = "-"
HEADER = ("score", "published", "ours", "95 % interval", "distance", "p", "verdict")
"""Of the cells of a distance."""
_SECONDS = 3600


def report_lines(
    reproduction: Reproduction, results: Sequence[SeedResult], width: int
) -> Iterator[str]:
    """Yield the distances from every figure, hours and machine.

    Args:
        reproduction: with its figures.
        results: one for each seed that has finished.
        width: of the terminal, at least 40.
    """
    seeds = ", ".join(str(result.seed) for result in results) or "none"
    yield wrapped(f"{reproduction.name}: {reproduction.evaluated_on}; seeds: {seeds}", width)
    if reproduction.note:
        yield wrapped(reproduction.note, width)
    every = distances(reproduction.figures, results)
    for figure, of_figure in groupby(every, key=lambda distance: distance.figure):
        yield ""
        yield wrapped(figure_words(figure), width)
        yield from fit(HEADER, [cells(distance) for distance in of_figure], width)
    if results:
        yield ""
        yield f"{hours(results)} for a seed; {'; '.join(machines(results))}"
        yield wrapped(
            "mean ± standard deviation (n - 1); distance: ours less the published mean; p: of the "
            "published mean, by Welch's test if its deviation is known, else by a t-test",
            width,
        )


def list_lines(
    known: Mapping[str, Reproduction], finished: Mapping[str, Sequence[int]], width: int
) -> Iterator[str]:
    """Yield a table of reproductions with the seeds that have finished.

    Args:
        known: name -> reproduction.
        finished: name -> seeds.
        width: of the terminal, at least 40.
    """
    rows = []
    for name, reproduction in known.items():
        figure = reproduction.figures[0]
        metric, value = next(iter(figure.scores.items()))
        n_finished = len(finished.get(name, ()))
        state = f"{n_finished} of {reproduction.seeds} seeds" if n_finished else "not run"
        rows.append([name, f"{heading(metric)} {value:.3f}", state])
    yield from fit(["reproduction", "published", "state"], rows, width)


def figure_words(figure: Figure) -> str:
    """Return what a figure is of, and where it was published."""
    return f"{figure.of}, {figure.source} [{figure.tag}]"


def published_words(distance: Distance) -> str:
    """Return the published mean, with its deviation if that is known."""
    published = distance.published
    return f"{published.mean:.3f}" + _deviation(published.deviation)


def our_words(distance: Distance) -> str:
    """Return our mean, deviation and number of seeds."""
    if not distance.scores:
        return ABSENT
    return f"{distance.mean:.3f}{_deviation(distance.deviation)} (n={len(distance.scores)})"


def distance_words(distance: Distance) -> str:
    """Return our mean less the published one, with its sign."""
    return f"{distance.mean - distance.published.mean:+.3f}" if distance.scores else ABSENT


def cells(distance: Distance) -> list[str]:
    """Return the row of a distance in a table."""
    return [
        heading(distance.metric),
        published_words(distance),
        our_words(distance),
        _interval_words(distance.interval),
        distance_words(distance),
        _p_words(distance.p),
        distance.verdict,
    ]


def hours(results: Sequence[SeedResult]) -> str:
    """Return the mean duration of a seed."""
    return duration(mean(result.hours for result in results) * _SECONDS)


def machines(results: Sequence[SeedResult]) -> list[str]:
    """Return the different machines."""
    return list(dict.fromkeys(result.machine for result in results))


def _deviation(value: float | None) -> str:
    return "" if value is None else f" ± {value:.3f}"


def _interval_words(interval: Interval | None) -> str:
    """Return the ends of an interval."""
    return ABSENT if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"


def _p_words(p: float | None) -> str:
    """Return a p-value."""
    if p is None:
        return ABSENT
    return "< 0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004 - its digits
