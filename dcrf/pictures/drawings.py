"""Drawings of a set of objects and its partitions, in SVG.

A panel is 100 units wide. Points stand at their places. Images stand cluster by cluster in a frame
with the color of their known cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dcrf.functional.contingency import optimal_matches
from dcrf.pictures.images import are_images, image_urls
from dcrf.pictures.partitioned_set import Labels, PartitionedSet

WIDTH = 100
COLORS = (
    *("#4269d0", "#e99000", "#a6006f", "#00bc6f", "#f52218", "#5cb0d6", "#854316", "#b16fff"),
    *("#3d8040", "#a66490"),
)
"""The colors of clusters, which repeat after ten. All show on white and on black.

Any two differ by 0.09 in OKLab also for protanopia and deuteranopia (simulated as in Machado et
al., IEEE TVCG 2009).
"""
GREEN, RED, GRAY = "#2e9d4f", "#d0392b", "#8a8f98"
_MARGIN = 4
_IMAGES_IN_A_ROW = 8
_GAP, _FRAME = 3.0, 0.8
_BAR = 34


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawing in SVG elements, `WIDTH` units wide and `height` high."""

    elements: str
    height: float


class SetDrawing:
    """Draws a set and its partitions.

    Args:
        partitioned: the set.
        name: begins the ids of elements; it starts with a letter.
    """

    def __init__(self, partitioned: PartitionedSet, name: str) -> None:
        self.partitioned, self.name = partitioned, name
        objects = partitioned.objects
        is_images = are_images(objects)
        self._places = None if is_images else _places(objects.reshape(len(objects), -1))

    def definitions(self) -> str:
        """Return the elements that the panels refer to, once for each document."""
        if self._places is not None:
            return ""
        urls = image_urls(self.partitioned.objects)
        return "".join(
            f'<image id="{self._image(i)}" href="{url}" width="1" height="1" '
            'preserveAspectRatio="none"/>'
            for i, url in enumerate(urls)
        )

    def known(self) -> Panel:
        """Return the panel of the known partition."""
        if self.partitioned.known is None:
            raise ValueError("the partition is not known")
        return self._panel(self.partitioned.known)

    def predicted(self, n_clusters: int) -> Panel:
        """Return the panel of the partition into so many clusters."""
        return self._panel(matched(self.partitioned.partitions[n_clusters - 1], self.partitioned))

    def counts(self) -> Panel:
        """Return bars of the probability of every number of clusters, the known one in green."""
        probabilities, known = self.partitioned.probabilities, self.partitioned.known_n_clusters
        slot = WIDTH / len(probabilities)
        parts = []
        for number, probability in enumerate(probabilities, 1):
            height, left = _BAR * probability, (number - 1) * slot
            color = GREEN if number == known else GRAY
            parts.append(
                f'<rect x="{left + 0.15 * slot:.2f}" y="{8 + _BAR - height:.2f}" '
                f'width="{0.7 * slot:.2f}" height="{max(height, 0.4):.2f}" fill="{color}"/>'
            )
            middle = left + slot / 2
            parts.append(_text(middle, 6 + _BAR - height, f"{probability:.2f}", 4.5))
            weight = "bold" if number == self.partitioned.n_clusters else "normal"
            parts.append(_text(middle, 8 + _BAR + 7, str(number), 6, weight=weight))
        return Panel("".join(parts), 8 + _BAR + 10)

    def _panel(self, clusters: Labels) -> Panel:
        if self._places is None:
            return self._images(clusters)
        points = "".join(
            f'<circle cx="{x:.2f}" cy="{WIDTH - y:.2f}" r="1.7" fill="{_color(cluster)}"/>'
            for (x, y), cluster in zip(self._places.tolist(), clusters.tolist(), strict=True)
        )
        frame = '<rect width="100" height="100" fill="none" stroke="#8886" stroke-width="0.5"/>'
        return Panel(frame + points, WIDTH)

    def _images(self, clusters: Labels) -> Panel:
        known = self.partitioned.known
        framed = clusters if known is None else known
        cell, top, parts = WIDTH / _IMAGES_IN_A_ROW, 0.0, []
        for cluster in np.unique(clusters):
            members = np.flatnonzero(clusters == cluster)
            for place, member in enumerate(members[np.argsort(framed[members], kind="stable")]):
                row, column = divmod(place, _IMAGES_IN_A_ROW)
                x, y, size = column * cell, top + row * cell, cell - _FRAME
                parts.append(
                    f'<rect x="{x:.2f}" y="{y:.2f}" width="{size:.2f}" height="{size:.2f}" '
                    f'fill="{_color(framed[member])}"/>'
                    f'<use href="#{self._image(member)}" transform="translate('
                    f'{x + _FRAME:.2f} {y + _FRAME:.2f}) scale({size - 2 * _FRAME:.2f})"/>'
                )
            top += cell * -(-len(members) // _IMAGES_IN_A_ROW) + _GAP
        return Panel("".join(parts), top - _GAP)

    def _image(self, index: int) -> str:
        return f"{self.name}o{index}"


def document(panels: Iterable[tuple[float, float, float, str]], width: float, height: float) -> str:
    """Return an SVG document.

    Args:
        panels: left, top, scale and elements of each.
        width: of the document.
        height: of the document.
    """
    placed = "".join(
        f'<g transform="translate({x:.2f} {y:.2f}) scale({scale:.4g})">{elements}</g>'
        for x, y, scale, elements in panels
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.2f} {height:.2f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="#fff"/>{placed}</svg>\n'
    )


def text(x: float, y: float, content: str, size: float, color: str = "currentColor") -> str:
    """Return a line of text that starts at a place."""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}">{content}</text>'


def matched(clusters: Labels, partitioned: PartitionedSet) -> Labels:
    """Return clusters with the numbers of the known ones that they are matched with.

    Clusters without a match get numbers beyond those.
    """
    known = partitioned.known
    if known is None:
        return clusters
    table = np.zeros((known.max() + 1, clusters.max() + 1), np.int64)
    np.add.at(table, (known, clusters), 1)
    numbers = {cluster: label for label, cluster in optimal_matches(table).items()}
    others = [cluster for cluster in range(table.shape[1]) if cluster not in numbers]
    numbers |= {cluster: len(table) + place for place, cluster in enumerate(others)}
    return np.array([numbers[cluster] for cluster in clusters.tolist()])


def _places(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return places (n, 2) in a panel; of rows with other widths than 2 by principal axes."""
    centered = rows.astype(np.float64) - rows.mean(axis=0)
    if rows.shape[1] != 2:  # noqa: PLR2004 - the axes of a plane
        axes = np.linalg.svd(centered, full_matrices=False)[2][:2]
        centered = centered @ axes.T
        centered = np.pad(centered, ((0, 0), (0, 2 - centered.shape[1])))
    middle = (centered.max(axis=0) + centered.min(axis=0)) / 2
    span = (centered.max(axis=0) - centered.min(axis=0)).max() or 1.0
    return WIDTH / 2 + (centered - middle) * (WIDTH - 2 * _MARGIN) / span


def _color(cluster: int) -> str:
    return COLORS[int(cluster) % len(COLORS)]


def _text(x: float, y: float, content: str, size: float, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="middle" fill="currentColor">{content}</text>'
    )
