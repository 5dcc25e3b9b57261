"""When the centroids of a method are initialized and recalculated."""

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Generator, Tensor

from dcrf.assignment.centroids import CentroidInitialization, Centroids
from dcrf.assignment.lifecycle import Lifecycle
from dcrf.batch import Clock, DatasetPass, Place
from dcrf.clusterings.base import Clustering
from dcrf.mappings.features import Features
from dcrf.randomness import RandomStreams


class CentroidLifecycle(Lifecycle):
    """Initializes centroids before the first phase that uses them, and recalculates them.

    Args:
        centroids: of the method.
        features: maps samples to features (n, d).
        streams: of the run.
        read_tensor: reads a named tensor from a file.
        centroid_initialization_strategy: a key of `INITIALIZATIONS`.
        centroid_initialization_classical_clustering_method: for `classical_clustering`.
        centroid_file_path: for `load_from_file`.
        centroid_axis_scale: for `fixed_axes`.
        centroid_recalculation_strategy: only `classical_clustering` recalculates here.
        centroid_recalculation_classical_clustering_method: for `classical_clustering`.
        centroid_recalculation_interval: iterations between recalculations.
        use_centroids_during_phases: names of the phases with centroids.
    """

    def __init__(
        self,
        *,
        centroids: Centroids,
        features: Features,
        streams: RandomStreams,
        read_tensor: Callable[[Path, str], Tensor],
        centroid_initialization_strategy: str,
        centroid_initialization_classical_clustering_method: Clustering,
        centroid_recalculation_strategy: str,
        centroid_recalculation_classical_clustering_method: Clustering,
        use_centroids_during_phases: Sequence[str],
        centroid_file_path: str = "",
        centroid_axis_scale: float = 1.0,
        centroid_recalculation_interval: int | None = None,
    ) -> None:
        self.centroids, self.features, self.streams = centroids, features, streams
        self.initialization = CentroidInitialization(
            centroid_initialization_strategy,
            centroid_initialization_classical_clustering_method,
            Path(centroid_file_path),
            read_tensor,
            centroid_axis_scale,
        )
        self.clustering = centroid_recalculation_classical_clustering_method
        recalculates = centroid_recalculation_strategy == "classical_clustering"
        self.interval = centroid_recalculation_interval if recalculates else None
        self.phases = frozenset(use_centroids_during_phases)
        self._generator: Generator | None = None

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Initialize the centroids, if this is the first phase that uses them."""
        if place.phase in self.phases and self.centroids.are_initialized:
            self.features.measure_once(data_pass)  # for centroids that a file has set
        elif place.phase in self.phases:
            generator = self.streams.generator("centroids", place.dataset)
            features, n_clusters = self.features.rows(data_pass), len(self.centroids.values)
            self.centroids.set_values(self.initialization(features, n_clusters, generator))

    def start_phase(self, place: Place) -> None:
        """Start the random stream of recalculations, if the phase has any."""
        self._generator = None
        if self.interval is not None and place.phase in self.phases:
            self._generator = self.streams.checkpointed_generator("recalculation", *place)

    def first_change(self) -> int | None:
        """Return the first iteration after which the centroids are recalculated, if they are."""
        return self.interval if self._generator is not None else None

    def after_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Recalculate the centroids if that is due."""
        if self._generator is not None and self.interval and clock.due(self.interval):
            features = self.features.rows(data_pass)
            self.centroids.recluster(features, self.clustering, self._generator)

    def why_not_ready(self) -> str | None:
        """Return the reason why the centroids cannot be used yet, or None."""
        return None if self.centroids.are_initialized else "the centroids are not initialized yet"
