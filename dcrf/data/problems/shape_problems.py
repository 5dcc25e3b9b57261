"""Problems of random points in the plane."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from dcrf.batch import Clock
from dcrf.data.problems.problems import Drawn, draw_number_of_objects, filled_up
from dcrf.data.problems.random_points import random_points


@dataclass(frozen=True, slots=True)
class ShapeProblems:
    """Sets of points in circles, moons and Gaussians. The number of clusters is uniform.

    min_objects, max_objects: of a set, which has at least as many as clusters.
    min_clusters, max_clusters: of a set.
    deviation: standard deviation of the Gaussians.
    """

    min_objects: int
    max_objects: int
    min_clusters: int
    max_clusters: int
    deviation: float

    def draw(self, n_problems: int, random: Generator) -> Drawn:
        """Draw problems; the points of each are in random order."""
        sets = [self._draw_set(random) for _ in range(n_problems)]
        points = filled_up([p.astype(np.float32) for p, _ in sets], self.max_objects, 0)
        partition = filled_up([clusters for _, clusters in sets], self.max_objects, -1)
        return Drawn(torch.from_numpy(points), torch.from_numpy(partition))

    def samples(self, drawn: Drawn, purpose: str, clock: Clock, view: str | None) -> Tensor:
        """Return the points (b, n, 2) as they were drawn. They have no views."""
        return drawn.objects

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the fields, which decide all points."""
        return asdict(self)

    def _draw_set(self, random: Generator) -> tuple[np.ndarray, np.ndarray]:
        n_clusters = int(random.integers(self.min_clusters, self.max_clusters + 1))
        least = max(self.min_objects, n_clusters)
        n_objects = draw_number_of_objects(least, self.max_objects, random)
        points, clusters = random_points(n_objects, n_clusters, self.deviation, random)
        order = random.permutation(n_objects)
        return points[order], clusters[order]
