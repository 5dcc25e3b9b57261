"""The source `2d_shapes`: clustering problems of random points in the plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from dcrf.data.problems.problems import check_least_clusters, range_of_objects
from dcrf.data.problems.shape_problems import ShapeProblems
from dcrf.data.sources.outline import Outline, examples_of


@dataclass(frozen=True, slots=True)
class Shapes2d:
    """Sets of points in circles, moons and Gaussians. Each training batch has new ones.

    dataset: the name of the data set.
    num_objects: points of a set, a number or the least and the greatest number.
    num_problems: sets of an evaluation, and of an epoch.
    min_clusters: least number of clusters of a set; the greatest one is the data set's.
    standard_deviation: of the Gaussians, > 0.
    """

    dataset: str
    num_objects: int | Sequence[int]
    num_problems: int
    min_clusters: int
    standard_deviation: float

    def problems(self, n_clusters: int) -> ShapeProblems:
        """Return the maker of problems of up to `n_clusters` clusters.

        Raises:
            OptionError: the largest sets have fewer points than clusters, or no number of clusters
                is possible.
        """
        check_least_clusters(self.min_clusters, n_clusters)
        least, most = range_of_objects(self.num_objects, n_clusters)
        return ShapeProblems(least, most, self.min_clusters, n_clusters, self.standard_deviation)

    def outline(self) -> Outline:
        """Return the outline of the sets; shorter ones are filled up to the greatest length."""
        most = self.num_objects if isinstance(self.num_objects, int) else self.num_objects[1]
        return Outline(self.num_problems, examples_of((most, 2), torch.float32), has_labels=True)
