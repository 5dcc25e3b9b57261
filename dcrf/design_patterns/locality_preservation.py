"""Learning feature representations in which neighboring samples stay near (DEN)."""

from torch import Tensor

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError
from dcrf.functional.locality import heat_kernel, locality_preservation
from dcrf.functional.neighbors import nearest_neighbors, neighbor_distances
from dcrf.mappings.late_buffers import LateBuffers
from dcrf.mappings.mapping import TrainableMapping


class LocalityPreservation(LateBuffers, DesignPattern):
    """Squared distances between the features of a sample and of its neighbors in sample space.

    Neighbors and their similarities exp(-|x_i - x_j|^2 / t) are measured once, before the first
    iteration of the phase, in the default view; that takes the samples of the whole data set in
    memory. All neighbors of a sample accompany it in every iteration.

    Formula:
        L = 1/n sum_i sum_j s_ij |z_i - z_j|^2 over the neighbors j of i, with
            s_ij = exp(-|x_i - x_j|^2 / t)

    Losses:
        locality: the sum over the neighbors of a sample, weighted by their similarities, averaged
            over samples, >= 0, in squared units of the features. Gradient flows through both
            features. It is 0 if all features are equal, so another loss must keep them apart.

    Shapes:
        samples (n, *sample_shape) and companions (n, m, *sample_shape) -> features (n, ...) and
        (n m, ...), flattened. Neighbors and similarities (N, m) are kept by a checkpoint.

    Args:
        encoder: maps samples to features.
        num_neighbors: m, of each sample, without itself.
        heat_kernel_width: t, > 0, in squared units of the samples.

    Raises:
        OptionError: the data set has fewer other samples than neighbors.

    Source: Huang et al., Deep Embedding Network for Clustering, ICPR 2014,
        https://doi.org/10.1109/ICPR.2014.272.
    """

    loss_names = ("locality",)
    late_buffers = ("neighbors", "similarities")
    neighbors: Tensor | None
    similarities: Tensor | None

    def __init__(
        self, *, encoder: TrainableMapping, num_neighbors: int, heat_kernel_width: float
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.num_neighbors, self.width = num_neighbors, heat_kernel_width

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Measure neighbors and similarities if that has not happened yet."""
        if self.neighbors is not None:
            return
        if self.num_neighbors >= data_pass.n_samples:
            raise OptionError(
                "num_neighbors",
                f"{self.num_neighbors} neighbors of each sample need at least "
                f"{self.num_neighbors + 1} samples, but the data set has {data_pass.n_samples}",
            )
        samples = data_pass(lambda batch: batch.samples.flatten(1))
        self.neighbors = nearest_neighbors(samples, self.num_neighbors, "euclidean")
        self.similarities = heat_kernel(neighbor_distances(samples, self.neighbors), self.width)

    def companions(self, indices: Tensor) -> Tensor:
        """Return the neighbors (n, m) of each sample."""
        if self.neighbors is None:
            raise RuntimeError("before_iteration has not been called: it measures the neighbors")
        return self.neighbors[indices.to(self.neighbors.device)]

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted squared distances to the features of the neighbors."""
        if batch.companions is None or self.similarities is None:
            raise RuntimeError("the batch has no companions")
        features = self.encoder(batch.samples).flatten(1)
        companions = self.encoder(batch.companions.flatten(0, 1)).flatten(1)
        similarities = self.similarities[batch.indices.to(self.similarities.device)]
        companions = companions.unflatten(0, similarities.shape)
        return {"locality": locality_preservation(features, companions, similarities)}
