"""Curves over iterations in one frame, in SVG."""

from collections.abc import Mapping, Sequence
from html import escape

from dcrf.pictures.drawings import COLORS

Points = Sequence[tuple[int, float]]

_WIDTH, _HEIGHT = 360, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 8, 20
_SHOWN = 400  # points of a curve; more are closer together than pixels
_MARKED = 30  # a curve of more points has no marks


def line_chart(
    curves: Mapping[str, Points],
    bounds: tuple[float, float] | None = None,
    colors: Sequence[str] = COLORS,
) -> str:
    """Return an SVG element with a curve for each name.

    Args:
        curves: at least one with a point; iterations rise.
        bounds: of the vertical axis; None for those of the values.
        colors: of the curves in their order, which repeat.
    """
    thinned = {name: thin(points) for name, points in curves.items()}
    last = max(iteration for points in thinned.values() for iteration, _ in points) or 1
    low, high = bounds or _bounds(thinned)

    def place(iteration: int, value: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * iteration / last
        share = (value - low) / (high - low)
        return x, _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)

    parts = [_axes(low, high, last)]
    for number, (name, points) in enumerate(thinned.items()):
        color = colors[number % len(colors)]
        places = [place(*point) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>')
        marked = zip(points, places, strict=True) if len(points) <= _MARKED else ()
        for (iteration, value), (x, y) in marked:
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{color}">'
                f"<title>{escape(name)} {value:.4g} at iteration {iteration}</title></circle>"
            )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-size="10" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )


def thin(points: Points) -> Points:
    """Return at most 400 of the points at equal distances, the first and the last among them."""
    if len(points) <= _SHOWN:
        return points
    step = (len(points) - 1) / (_SHOWN - 1)
    return [points[round(number * step)] for number in range(_SHOWN)]


def _bounds(curves: Mapping[str, Points]) -> tuple[float, float]:
    values = [value for points in curves.values() for _, value in points]
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return (low - margin if low < 0 or low > margin else 0.0), high + margin


def _axes(low: float, high: float, last: int) -> str:
    """Return three horizontal lines with their values, and the ends of the horizontal axis."""
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - _TOP)
        parts.append(
            f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="currentColor" stroke-opacity="0.18"/>'
            f'<text x="{_LEFT - 5}" y="{y + 3:.1f}" text-anchor="end">'
            f"{low + share * (high - low):.3g}</text>"
        )
    ends = ((_LEFT, "start", "0"), (right, "end", f"iteration {last:,}"))
    for x, anchor, words in ends:
        parts.append(f'<text x="{x}" y="{_HEIGHT - 5}" text-anchor="{anchor}">{words}</text>')
    return "".join(parts)
