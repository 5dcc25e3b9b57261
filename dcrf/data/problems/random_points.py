"""Random sets of points in the plane: circles, moons and Gaussians on a grid.

Source: Meier et al., https://arxiv.org/abs/1807.04001, section 4, and their code,
github.com/kutoga/learning2cluster, impl/data/misc/extended_data_gen_2d.py.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(n, 2) coordinates."""

_LEAST_DISTANCE = 0.2  # between the centers of two Gaussians
_CANDIDATES = 10  # centers that are drawn at once
_MARGIN = 0.25  # around circles and moons in their cell
_OFFSETS = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]


class _Shape(NamedTuple):
    """A group of clusters that are drawn together.

    n_clusters: of the group.
    least: objects that each cluster needs.
    draw: sizes of the clusters, deviation of Gaussians and generator -> points of each cluster.
    has_even_total: whether the group needs an even number of objects.
    """

    n_clusters: int
    least: int
    draw: Callable[[Sequence[int], float, Generator], list[Points]]
    has_even_total: bool = False


def random_points(
    n_objects: int, n_clusters: int, deviation: float, random: Generator
) -> tuple[Points, NDArray[np.int64]]:
    """Draw a set of points with its partition, cluster by cluster.

    Clusters have equally many objects, the last one the remainder as well. Groups are drawn until
    they have all clusters, each uniformly from the shapes that fit: a circle or a moon (at least 10
    objects each), two concentric circles or two moons (5, circles an even total), and 1, 2 or 5
    Gaussians. Circles and moons are rotated and fill the middle of the unit square. A single group
    is returned so. Several groups get cells of a random grid, and each may grow into free cells
    around it.

    Args:
        n_objects: at least n_clusters.
        n_clusters: at least 1.
        deviation: standard deviation of the Gaussians.
        random: source of all draws.

    Returns:
        (n_objects, 2) points, most of them in the unit square, and (n_objects,) clusters from 0.
    """
    sizes = [n_objects // n_clusters] * n_clusters
    sizes[-1] += n_objects % n_clusters
    groups = []
    while sizes:
        shape = _SHAPES[random.choice(_fitting(sizes))]
        groups.append(shape.draw(sizes[: shape.n_clusters], deviation, random))
        sizes = sizes[shape.n_clusters :]
    if len(groups) > 1:
        cells = _cells(len(groups), random)
        groups = [
            [low + points * (high - low) for points in group]
            for group, (low, high) in zip(groups, cells, strict=True)
        ]
    clusters = [points for group in groups for points in group]
    partition = np.repeat(np.arange(len(clusters)), [len(points) for points in clusters])
    return np.concatenate(clusters), partition


def _fitting(sizes: Sequence[int]) -> list[int]:
    """Return the indices of the shapes that the next clusters can have."""
    return [
        index
        for index, shape in enumerate(_SHAPES)
        if shape.n_clusters <= len(sizes)
        and shape.least <= min(sizes[: shape.n_clusters])
        and not (shape.has_even_total and sum(sizes[: shape.n_clusters]) % 2)
    ]


def _circles(sizes: Sequence[int], deviation: float, random: Generator) -> list[Points]:
    """Draw two concentric circles, or of two such circles the inner one."""
    noise, factor = random.uniform(0, 0.02), random.uniform(0.1, 0.4)
    size = sum(sizes) // len(sizes)
    angles = np.linspace(0, 2 * math.pi, size, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    circles = [circle, factor * circle] if len(sizes) > 1 else [factor * circle]
    return _turned([c + random.normal(scale=noise, size=c.shape) for c in circles], random)


def _moons(sizes: Sequence[int], deviation: float, random: Generator) -> list[Points]:
    """Draw two interleaved half circles, or one of them."""
    noise = random.uniform(0, 0.03)
    upper_size = sum(sizes) // len(sizes)
    angles = np.linspace(0, math.pi, upper_size)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    angles = np.linspace(0, math.pi, sum(sizes) - upper_size if len(sizes) > 1 else upper_size)
    lower = np.stack([1 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    moons = [upper, lower] if len(sizes) > 1 else [(upper, lower)[random.integers(2)]]
    return _turned([m + random.normal(scale=noise, size=m.shape) for m in moons], random)


def _gaussians(sizes: Sequence[int], deviation: float, random: Generator) -> list[Points]:
    """Draw Gaussians of random sizes around centers in the unit square that lie apart."""
    n_clusters, n_objects = len(sizes), sum(sizes)
    centers: list[Points] = []
    while len(centers) < n_clusters:
        for center in random.random((_CANDIDATES, 2)):
            distances = [math.dist(center, other) for other in centers]
            if len(centers) < n_clusters and min(distances, default=1.0) >= _LEAST_DISTANCE:
                centers.append(center)
    shares = [1 / n_clusters] * n_clusters
    drawn = 1 + random.multinomial(n_objects - n_clusters, shares)
    return [
        center + random.normal(scale=deviation, size=(size, 2))
        for center, size in zip(centers, drawn, strict=True)
    ]


def _turned(clusters: list[Points], random: Generator) -> list[Points]:
    """Rotate a group by a random angle, and scale each axis to the middle half of [0, 1]."""
    angle = random.uniform(0, 2 * math.pi)
    cosine, sine = math.cos(angle), math.sin(angle)
    points = np.concatenate(clusters) @ np.array([[cosine, sine], [-sine, cosine]])
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = _MARGIN + (1 - 2 * _MARGIN) * (points - low) / (high - low)
    return np.split(scaled, np.cumsum([len(c) for c in clusters])[:-1])


def _cells(n_groups: int, random: Generator) -> Iterator[tuple[Points, Points]]:
    """Yield the lowest and the highest corner of the rectangle of each group, disjoint ones.

    The grid has the fewest cells per side that suffice, and up to half as many more. One after
    another, a group stays in its cell or grows in one direction whose cells are free, all choices
    equally likely. Growing in a diagonal direction takes a square of four cells.
    """
    side = math.ceil(math.sqrt(n_groups))
    width, height = (side + int(random.integers(side // 2 + 1)) for _ in range(2))
    numbers = random.choice(width * height, n_groups, replace=False).tolist()
    cells = [(number % width, number // width) for number in numbers]
    taken, grid = set(cells), np.array([width, height])
    for x, y in cells:
        rectangles = [{(x, y)}]
        for right, up in _OFFSETS:
            grown = {(x + i, y + j) for i in {0, right} for j in {0, up}}
            inside = all(0 <= i < width and 0 <= j < height for i, j in grown)
            if inside and not (grown - {(x, y)}) & taken:
                rectangles.append(grown)
        rectangle = rectangles[random.integers(len(rectangles))]
        taken |= rectangle
        yield np.array(min(rectangle)) / grid, (np.array(max(rectangle)) + 1) / grid


_SHAPES = (
    _Shape(1, 10, _circles),
    _Shape(2, 5, _circles, has_even_total=True),
    _Shape(1, 10, _moons),
    _Shape(2, 5, _moons),
    *(_Shape(number, 1, _gaussians) for number in (1, 2, 5)),
)
