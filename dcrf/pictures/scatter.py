"""Points in a plane, in SVG; a style sheet colors them by one of their groupings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

from dcrf.pictures.drawings import COLORS

MARKS = 2 * len(COLORS)
"""Marks that differ: the colors as discs, then as squares."""
NO_MARK = -1
_SIDE, _LEFT, _BOTTOM, _MARGIN = 1000, 110, 90, 24
_FEW = 500  # points, which can be large
_TICKS = 5
_NAMED = 20  # groups with their names in the plot


@dataclass(frozen=True, slots=True)
class Groups:
    """A grouping of points.

    kind: begins the classes of the style sheet.
    values: (n,) the group of each point.
    marks: group -> 0 to `MARKS` - 1, or `NO_MARK` for noise.
    """

    kind: str
    values: NDArray[np.integer]
    marks: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Axes:
    """The names of the axes. Places without a scale have no ticks."""

    names: tuple[str, str]
    has_scale: bool = True


def scatter(places: NDArray[np.floating], groupings: Sequence[Groups], axes: Axes) -> str:
    """Return an SVG element.

    Points with the same marks are one path, so that a point takes ten bytes. Its classes are a
    kind and a mark for each grouping, such as `cluster-3`. The names of large groups stand at the
    medians of their points, with the classes `name` and the kind.

    Args:
        places: (n, 2), finite.
        groupings: of the points.
        axes: of the plane.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    scale = (_SIDE - 2 * _MARGIN) / (float((high - low).max()) or 1.0)
    middle = (low + high) / 2
    center = np.array([_LEFT + _SIDE / 2, _SIDE / 2])
    pixels = (center + (places - middle) * scale * (1, -1)).round().astype(np.int64)
    radius = 16 if len(places) < _FEW else 9
    content = [
        f'<rect x="{_LEFT}" width="{_SIDE}" height="{_SIDE}"/>',
        *_axes(axes, middle.tolist(), scale),
        f'<g stroke-width="{radius}">{"".join(_paths(pixels, groupings))}</g>',
        *(name for groups in groupings for name in _names(pixels, groups)),
    ]
    size = f"0 0 {_LEFT + _SIDE + 2} {_SIDE + _BOTTOM}"
    return f'<svg class="points" viewBox="{size}" role="img">{"".join(content)}</svg>'


def _paths(pixels: NDArray[np.int64], groupings: Sequence[Groups]) -> Iterator[str]:
    """Yield a path for the points of each combination of marks, those of most points first."""
    if not groupings:
        yield _path("", pixels)
        return
    marks = np.array([[groups.marks[int(v)] for v in groups.values] for groups in groupings])
    combinations, numbers, counts = np.unique(
        marks, axis=1, return_inverse=True, return_counts=True
    )
    for number in np.argsort(-counts, kind="stable"):
        classes = " ".join(
            f"{groups.kind}-{'none' if mark == NO_MARK else mark}"
            for groups, mark in zip(groupings, combinations[:, number].tolist(), strict=True)
        )
        yield _path(classes, pixels[numbers == number])


def _path(classes: str, pixels: NDArray[np.int64]) -> str:
    points = "".join(f"M{x} {y}h0" for x, y in pixels.tolist())
    return f'<path class="{classes}" d="{points}"/>'


def _names(pixels: NDArray[np.int64], groups: Groups) -> Iterator[str]:
    """Yield the names of the largest groups; noise has none."""
    values, counts = np.unique(groups.values, return_counts=True)
    for place in np.argsort(-counts, kind="stable")[:_NAMED]:
        group = int(values[place])
        if groups.marks[group] != NO_MARK:
            x, y = np.median(pixels[groups.values == group], axis=0)
            yield f'<text class="name {groups.kind}" x="{x:.0f}" y="{y + 12:.0f}">{group}</text>'


def _axes(axes: Axes, middle: Sequence[float], scale: float) -> Iterator[str]:
    """Yield the names of the axes, and lines with numbers if they have a scale."""
    names = [escape(name) for name in axes.names]
    yield f'<text x="{_LEFT + _SIDE / 2:.0f}" y="{_SIDE + 80}">{names[0]}</text>'
    yield f'<text transform="translate(34 {_SIDE / 2:.0f}) rotate(-90)">{names[1]}</text>'
    if not axes.has_scale:
        return
    half = _SIDE / 2 / scale
    for value in _ticks(middle[0] - half, middle[0] + half):
        x = _LEFT + _SIDE / 2 + (value - middle[0]) * scale
        yield f'<path class="line" d="M{x:.0f} 0v{_SIDE}"/>'
        yield f'<text x="{x:.0f}" y="{_SIDE + 38}">{value:g}</text>'
    for value in _ticks(middle[1] - half, middle[1] + half):
        y = _SIDE / 2 - (value - middle[1]) * scale
        yield f'<path class="line" d="M{_LEFT} {y:.0f}h{_SIDE}"/>'
        yield f'<text class="left" x="{_LEFT - 8}" y="{y + 10:.0f}">{value:g}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Return at most about five round numbers between two numbers."""
    raw = (high - low) / _TICKS
    power = 10.0 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    numbers = range(ceil(low / step), floor(high / step) + 1)
    return [float(f"{number * step:.6g}") for number in numbers]
