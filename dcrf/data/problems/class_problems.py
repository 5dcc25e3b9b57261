"""Problems whose objects are samples of a labeled data set, and whose clusters are its classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from dcrf.batch import Clock
from dcrf.data.data_source import DataSource
from dcrf.data.problems.problems import Drawn, draw_number_of_objects, filled_up
from dcrf.errors import DataError


class ClassProblems:
    """Sets of samples of a few classes.

    The number of clusters is uniform. Classes are drawn without replacement. Each class has
    `min_objects_per_class` objects first, and every further object draws its class uniformly.
    Samples of a class are drawn with replacement.

    Args:
        objects: the labeled samples, with their views.
        classes: labels of the classes that clusters can be; None for all.
        min_objects, max_objects: of a set, at least `min_objects_per_class` for each cluster.
        min_clusters, max_clusters: of a set.
        min_objects_per_class: of each class in a set, at least 1.

    Raises:
        DataError: a class has no sample, or the classes are fewer than the clusters of a set.

    Source: Meier et al., https://arxiv.org/abs/1807.04001, section 4, and their code,
        github.com/kutoga/learning2cluster.
    """

    def __init__(
        self,
        objects: DataSource,
        classes: NDArray[np.int64] | None,
        min_objects: int,
        max_objects: int,
        min_clusters: int,
        max_clusters: int,
        min_objects_per_class: int,
    ) -> None:
        labels = objects.labels()
        if labels is None:
            raise DataError("its clusters are classes, but it has no labels")
        classes = np.unique(labels) if classes is None else classes
        if missing := sorted({*classes.tolist()} - {*labels.tolist()}):
            raise DataError(f"no sample has the label {missing[0]}, which classes names")
        if len(classes) < max_clusters:
            raise DataError(
                f"{len(classes)} classes are fewer than {max_clusters} clusters, the most of a "
                "problem; write max_clusters into class_problems"
            )
        self.objects, self.classes = objects, classes
        self.min_objects, self.max_objects = min_objects, max_objects
        self.min_clusters, self.max_clusters = min_clusters, max_clusters
        self.per_class = min_objects_per_class
        self._of_class = {label: np.flatnonzero(labels == label) for label in classes.tolist()}

    def draw(self, n_problems: int, random: Generator) -> Drawn:
        """Draw problems; the objects of each are indices of samples in random order."""
        sets = [self._draw_set(random) for _ in range(n_problems)]
        indices = filled_up([chosen for chosen, _ in sets], self.max_objects, 0)
        partition = filled_up([clusters for _, clusters in sets], self.max_objects, -1)
        return Drawn(torch.from_numpy(indices), torch.from_numpy(partition))

    def samples(self, drawn: Drawn, purpose: str, clock: Clock, view: str | None) -> Tensor:
        """Return the samples (b, n, *object_shape) in a view; those that fill up are 0."""
        values = self.objects.companions(purpose, clock, drawn.objects, view)
        is_absent = (drawn.partition < 0).to(values.device)
        return values.masked_fill_(is_absent.reshape(*is_absent.shape, *[1] * (values.ndim - 2)), 0)

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the fingerprint of the samples."""
        return self.objects.fingerprint()

    def _draw_set(self, random: Generator) -> tuple[np.ndarray, np.ndarray]:
        n_clusters = int(random.integers(self.min_clusters, self.max_clusters + 1))
        least = max(self.min_objects, n_clusters * self.per_class)
        n_objects = draw_number_of_objects(least, self.max_objects, random)
        classes = random.choice(self.classes, n_clusters, replace=False)
        first = np.repeat(np.arange(n_clusters), self.per_class)
        others = random.integers(n_clusters, size=n_objects - len(first))
        clusters = random.permutation(np.concatenate([first, others]))
        samples = [random.choice(self._of_class[classes[cluster]]) for cluster in clusters.tolist()]
        return np.array(samples), clusters
