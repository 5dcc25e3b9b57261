"""Hartigan's dip: how far a sample is from every unimodal distribution."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Values = NDArray[np.float64]
Knots = NDArray[np.int64]
_ENDS = 2


class Dip(NamedTuple):
    """The dip of n sorted values.

    dip: in [1 / (2 n), 1 / 4].
    modal_interval: numbers of the first and the last value of the mode.
    triangle: numbers i1 < i2 < i3 of the values that determine the dip; None if it is 1 / (2 n),
        whatever the values.
    """

    dip: float
    modal_interval: tuple[int, int]
    triangle: tuple[int, int, int] | None


def dip_of_sorted(values: Values) -> Dip:
    """Return the dip of sorted values (n,), n >= 1.

    Greatest convex minorant and least concave majorant of the distribution function are computed
    between the ends of the modal interval, which then shrinks to the knots where they are farthest
    apart, until they are nowhere farther apart than the dip so far. Lower corners of the
    distribution function have the heights i - 1, upper corners i.

    Source: Hartigan and Hartigan, Annals of Statistics 13 (1985), section 3.
    """
    low, high, largest = 0, len(values) - 1, 1.0
    if values[low] == values[high]:
        return Dip(largest / (2 * len(values)), (low, high), None)
    triangle: tuple[int, int, int] | None = None
    while True:
        minorant = _knots(values, low, high, 1)
        majorant = _knots(values, low, high, -1)
        distance, new_low, new_high = _farthest(values, minorant, majorant)
        if distance <= largest:
            break
        left, right = minorant[minorant <= new_low], majorant[majorant >= new_high]
        for knots, sign in ((left, 1), (right, -1)):
            height, corners = _highest(values, knots, sign)
            if height > largest:
                largest, triangle = height, corners
        if (new_low, new_high) == (low, high):
            break
        low, high = new_low, new_high
    return Dip(largest / (2 * len(values)), (low, high), triangle)


def _knots(values: Values, low: int, high: int, sign: int) -> Knots:
    """Return the knots of the convex minorant (`sign` 1) or the concave majorant (-1)."""
    x = values.tolist()
    knots = [low]
    for new in range(low + 1, high + 1):
        while len(knots) > 1:
            before, middle = knots[-2:]
            bend = (middle - before) * (x[new] - x[middle]) - (new - middle) * (
                x[middle] - x[before]
            )
            if sign * bend < 0:
                break
            knots.pop()
        knots.append(new)
    return np.array(knots, np.int64)


def _segments(knots: Knots, numbers: Knots) -> tuple[Knots, Knots]:
    """Return the knots before, or at, and after numbers that lie between the first and the last."""
    places = np.searchsorted(knots, numbers, side="right").clip(1, len(knots) - 1)
    return knots[places - 1], knots[places]


def _heights(values: Values, knots: Knots, numbers: Knots, share_of_ties: float) -> Values:
    """Return the heights, at numbered values, of the line through knots.

    The height of a knot is its number. On a vertical segment, `share_of_ties` says how far up.
    """
    starts, ends = _segments(knots, numbers)
    widths = values[ends] - values[starts]
    shares = np.full(len(numbers), share_of_ties)
    np.divide(values[numbers] - values[starts], widths, shares, where=widths > 0)
    return starts + shares * (ends - starts)


def _farthest(values: Values, minorant: Knots, majorant: Knots) -> tuple[float, int, int]:
    """Return the largest distance of the two at a knot, and the modal interval that it leaves."""
    candidates = [(1.0, int(minorant[0]), int(minorant[-1]))]
    if len(lower := minorant[1:-1]):
        distances = _heights(values, majorant, lower, 1.0) - lower + 1
        knot = int(lower[distances.argmax()])
        after = int(majorant[np.searchsorted(majorant, knot)])
        candidates.append((float(distances.max()), knot, after))
    if len(upper := majorant[1:-1]):
        distances = upper - _heights(values, minorant, upper, 0.0) + 1
        knot = int(upper[distances.argmax()])
        before = int(minorant[np.searchsorted(minorant, knot, side="right") - 1])
        candidates.append((float(distances.max()), before, knot))
    return max(candidates)


def _highest(values: Values, knots: Knots, sign: int) -> tuple[float, tuple[int, int, int]]:
    """Return the largest distance of the distribution function from the line through knots.

    Returns:
        The distance, and the number of its value between those of the two knots around it.
    """
    if len(knots) < _ENDS:
        return 0.0, (0, 0, 0)
    numbers = np.arange(knots[0], knots[-1] + 1)
    starts, ends = _segments(knots, numbers)
    distances = sign * (numbers - _heights(values, knots, numbers, 0.0)) + 1
    distances[values[starts] == values[ends]] = 1.0
    highest = int(distances.argmax())
    corners = int(starts[highest]), int(numbers[highest]), int(ends[highest])
    return float(distances[highest]), corners


def dip_statistic(values: Tensor) -> Tensor:
    """Return the dip of values (n,), n >= 1, a scalar with gradient.

    With the values x1 < x2 < x3 of the triangle i1 < i2 < i3, the dip is (1 + |a|) / (2 n), and
    a = i1 - i2 + (i3 - i1) (x2 - x1) / (x3 - x1). Only these three have a gradient, and it exists
    wherever the triangle is unique.

    Source: Krause and Liebscher, KDD 2005, eq. 4-6; Leiber et al., KDD 2022, section 3.2,
        DOI 10.1145/3534678.3539407.
    """
    ordered, _ = values.sort()
    n = len(values)
    triangle = dip_of_sorted(ordered.detach().double().cpu().numpy()).triangle
    if triangle is None:
        return ordered[:1].sum() * 0 + 1 / (2 * n)
    first, middle, last = triangle
    x1, x2, x3 = ordered[first], ordered[middle], ordered[last]
    a = first - middle + (last - first) * (x2 - x1) / (x3 - x1)
    return (1 + a.abs()) / (2 * n)
