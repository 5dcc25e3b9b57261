"""Intervals of the mean scores of a comparison."""

from dcrf.functional.intervals import RELIABLE_VALUES, VALUES_NEEDED, bootstrap_interval
from dcrf.reporting.comparison import Comparison
from dcrf.reporting.statistics_tables import Intervals


def intervals_of(comparison: Comparison) -> tuple[Intervals, list[str]]:
    """Return the interval of every mean, and sentences about those that say little."""
    intervals = {key: bootstrap_interval(list(s.values())) for key, s in comparison.values.items()}
    numbers = [len(scores) for scores in comparison.values.values()]
    notes = []
    if any(number < VALUES_NEEDED for number in numbers):
        notes.append(f"no interval below {VALUES_NEEDED} seeds")
    if any(VALUES_NEEDED <= number < RELIABLE_VALUES for number in numbers):
        notes.append(
            f"intervals of fewer than {RELIABLE_VALUES} seeds are unreliable: they are too narrow"
        )
    return intervals, notes
