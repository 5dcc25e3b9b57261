"""Points in a plane, colored by cluster, in SVG."""

import numpy as np
from numpy.typing import NDArray

from dcrf.functional.principal_axes import fixed_signs
from dcrf.pictures.drawings import COLORS, GRAY

_SIDE, _MARGIN = 320, 6


def scatter(places: NDArray[np.float64], clusters: NDArray[np.integer]) -> str:
    """Return an SVG element.

    The points of a color are one path, so that a point takes ten bytes.

    Args:
        places: (n, 2), finite.
        clusters: (n,) integers; negative ones are noise, in gray and below the others.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    scale = (_SIDE - 2 * _MARGIN) / (float((high - low).max()) or 1.0)
    pixels = _SIDE / 2 + (places - (low + high) / 2) * scale * (1, -1)
    radius = 5 if len(places) < 500 else 3  # noqa: PLR2004 - few points can be large
    paths = []
    for cluster in np.unique(clusters):
        points = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in pixels[clusters == cluster].tolist())
        color = GRAY if cluster < 0 else COLORS[int(cluster) % len(COLORS)]
        paths.append(f'<path d="{points}" stroke="{color}"/>')
    return (
        f'<svg viewBox="0 0 {_SIDE} {_SIDE}" role="img" fill="none" stroke-linecap="round" '
        f'stroke-width="{radius}" stroke-opacity="0.75">{"".join(paths)}</svg>'
    )


def principal_plane(rows: NDArray[np.floating]) -> tuple[NDArray[np.float64], float]:
    """Return the places (n, 2) of rows (n, d) along their first principal axes.

    The second value is the share of the variance that the two axes have.
    """
    centered = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    _, lengths, axes = np.linalg.svd(centered, full_matrices=False)
    places = centered @ fixed_signs(axes[:2]).T
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    total = float((lengths**2).sum())
    return places, float((lengths[:2] ** 2).sum()) / total if total else 1.0
