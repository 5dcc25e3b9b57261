"""Curves of values over whole numbers, side by side in one SVG document."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dcrf.pictures.drawings import COLORS, GRAY, GREEN, WIDTH, document, text

_HEIGHT, _LEFT, _GAP, _HEAD = 60, 14, 8, 14


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over whole numbers.

    title: of the panel.
    values: one for each number; None where it is undefined.
    errors: the half-length of a vertical bar at each value; None without bars.
    reference: values of a dashed line to compare with; None without it.
    """

    title: str
    values: Sequence[float | None]
    errors: Sequence[float] | None = None
    reference: Sequence[float] | None = None


def curves(numbers: Sequence[int], panels: Sequence[Curve], chosen: int | None) -> str:
    """Return an SVG document with a panel for each curve.

    Args:
        numbers: of the horizontal axis, rising, at least one.
        panels: each with a value for every number.
        chosen: the number that a line marks; None for none.
    """
    width = _LEFT + WIDTH + _GAP
    placed = [
        (place * width + _LEFT, _HEAD, 1.0, _panel(numbers, curve, chosen))
        for place, curve in enumerate(panels)
    ]
    return document(placed, len(panels) * width, _HEAD + _HEIGHT + 16)


def _panel(numbers: Sequence[int], curve: Curve, chosen: int | None) -> str:
    low, high = _bounds(curve)
    slot = WIDTH / len(numbers)
    places = {number: (place + 0.5) * slot for place, number in enumerate(numbers)}

    def height(value: float) -> float:
        return _HEIGHT * (1 - (value - low) / (high - low))

    def line(values: Sequence[float | None], style: str) -> str:
        points = " ".join(
            f"{x:.2f},{height(value):.2f}"
            for x, value in zip(places.values(), values, strict=True)
            if value is not None
        )
        return f'<polyline points="{points}" fill="none" {style}/>'

    parts = [
        text(0, -5, escape(curve.title), 6),
        f'<rect width="{WIDTH}" height="{_HEIGHT}" fill="none" stroke="#8886" stroke-width="0.5"/>',
        _label(-2, 4, f"{high:.2g}", "end"),
        _label(-2, _HEIGHT, f"{low:.2g}", "end"),
    ]
    if chosen is not None:
        x = places[chosen]
        parts.append(f'<path d="M{x:.2f} 0V{_HEIGHT}" stroke="{GREEN}" stroke-width="0.7"/>')
    if curve.reference is not None:
        parts.append(line(curve.reference, f'stroke="{GRAY}" stroke-dasharray="2 2"'))
    parts.append(line(curve.values, f'stroke="{COLORS[0]}"'))
    errors = curve.errors or [0.0] * len(numbers)
    for (number, x), value, error in zip(places.items(), curve.values, errors, strict=True):
        color = GREEN if number == chosen else COLORS[0]
        if value is not None:
            top, bottom = height(value + error), height(value - error)
            parts.append(f'<path d="M{x:.2f} {top:.2f}V{bottom:.2f}" stroke="{color}"/>')
            parts.append(f'<circle cx="{x:.2f}" cy="{height(value):.2f}" r="1.6" fill="{color}"/>')
        parts.append(_label(x, _HEIGHT + 8, str(number), "middle"))
    return "".join(parts)


def _bounds(curve: Curve) -> tuple[float, float]:
    """Return the ends of the vertical axis, which has all values and bars, and 0."""
    errors = curve.errors or [0.0] * len(curve.values)
    known = [(v, e) for v, e in zip(curve.values, errors, strict=True) if v is not None]
    ends = [end for value, error in known for end in (value - error, value + error)]
    ends += [0.0, *(curve.reference or [])]
    low, high = min(ends), max(ends)
    return low, high if high > low else low + 1


def _label(x: float, y: float, content: str, anchor: str) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="5" text-anchor="{anchor}" '
        f'fill="currentColor">{content}</text>'
    )
