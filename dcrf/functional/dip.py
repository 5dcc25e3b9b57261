"""Hartigan's dip: how far a sample is from every unimodal distribution."""

import math
from collections.abc import Mapping
from types import MappingProxyType
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


_LEVELS = (
    0.01,
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.85,
    0.9,
    0.925,
    0.95,
    0.975,
    0.99,
    0.995,
)
_QUANTILES: Mapping[int, tuple[float, ...]] = MappingProxyType(
    {
        8: (
            0.1768,
            0.2079,
            0.2305,
            0.258,
            0.279,
            0.2972,
            0.3124,
            0.3273,
            0.3407,
            0.3529,
            0.3734,
            0.3945,
            0.4102,
            0.4317,
            0.4573,
            0.4838,
            0.5053,
        ),
        16: (
            0.2133,
            0.2368,
            0.2471,
            0.2709,
            0.2894,
            0.3062,
            0.3216,
            0.34,
            0.3589,
            0.3867,
            0.4049,
            0.4273,
            0.4428,
            0.4636,
            0.4973,
            0.5316,
            0.5517,
        ),
        32: (
            0.2159,
            0.244,
            0.2588,
            0.2834,
            0.3038,
            0.3222,
            0.3395,
            0.3595,
            0.3805,
            0.4083,
            0.4242,
            0.4488,
            0.4653,
            0.4876,
            0.5187,
            0.5532,
            0.5847,
        ),
        64: (
            0.2246,
            0.251,
            0.2696,
            0.2932,
            0.3124,
            0.3304,
            0.3479,
            0.3696,
            0.3933,
            0.4246,
            0.4435,
            0.4704,
            0.4858,
            0.5062,
            0.5434,
            0.5802,
            0.6137,
        ),
        128: (
            0.2321,
            0.2605,
            0.2783,
            0.3009,
            0.3202,
            0.3385,
            0.3568,
            0.3775,
            0.4009,
            0.4326,
            0.4529,
            0.4771,
            0.4928,
            0.52,
            0.5567,
            0.6123,
            0.6382,
        ),
        256: (
            0.2356,
            0.2622,
            0.2799,
            0.3048,
            0.3252,
            0.344,
            0.3626,
            0.3838,
            0.4087,
            0.4374,
            0.4604,
            0.4817,
            0.4985,
            0.5213,
            0.5539,
            0.5976,
            0.6194,
        ),
        512: (
            0.2422,
            0.2655,
            0.2824,
            0.3094,
            0.3275,
            0.3469,
            0.3658,
            0.3879,
            0.4108,
            0.4409,
            0.4625,
            0.4877,
            0.5018,
            0.5236,
            0.5597,
            0.6115,
            0.6667,
        ),
        1024: (
            0.241,
            0.2684,
            0.2895,
            0.3154,
            0.3344,
            0.352,
            0.3707,
            0.3904,
            0.4161,
            0.4467,
            0.4645,
            0.4928,
            0.5131,
            0.5378,
            0.5748,
            0.6192,
            0.6459,
        ),
    }
)
"""n -> quantiles, at these levels, of sqrt(n) times the dip of n uniform numbers.

They are those of 4,000 samples for n up to 256 and of 2,000 above, drawn with numpy's default
generator and seed 0. The levels are exact to about 0.01.
"""


def dip_p_value(dip: float, n: int) -> float:
    """Return the share of samples of n uniform numbers whose dip is larger.

    The uniform distribution is the unimodal one with the largest dips, asymptotically. Quantiles of
    sqrt(n) times the dip are interpolated between the sizes of a table, linearly in log n; beyond
    its ends, those of the last size count.

    Args:
        dip: of n values, in [1 / (2 n), 1 / 4].
        n: at least 1.

    Returns:
        In [0, 1]; a small one speaks against a single mode.

    Source: Hartigan and Hartigan, Annals of Statistics 13 (1985), section 5.
    """
    sizes = np.log(list(_QUANTILES))
    table = np.array(list(_QUANTILES.values()))
    quantiles = [float(np.interp(np.log(n), sizes, column)) for column in table.T]
    largest = max(math.sqrt(n) / 4, quantiles[-1])
    levels = np.interp(dip * math.sqrt(n), [0.0, *quantiles, largest], [0.0, *_LEVELS, 1.0])
    return 1 - float(levels)
