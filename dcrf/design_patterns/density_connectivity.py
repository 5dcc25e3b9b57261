"""Making distances of features follow the density-connectivity of samples (SHADE)."""

from torch import Tensor

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError
from dcrf.functional.density_connectivity import (
    Dendrogram,
    density_connectivity_distances,
    density_connectivity_loss,
    density_dendrogram,
)
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping


class DensityConnectivity(DesignPattern):
    """Squared difference of squared feature distances from density-connectivity distances.

    The density-connectivity distance of two samples is the largest mutual reachability distance
    on the path between them where that is smallest. Samples of one dense region of any shape are
    near each other. It is computed once, from the samples of the default view.

    Formula:
        L = mean over pairs of (|z_i - z_j|^2 - d_ij)^2
        d_ij = min over paths from i to j of their largest max(|x_a - x_b|, core_a, core_b)

    Losses:
        connectivity: fourth power of the features' units, >= 0, the mean over all pairs of a batch.
            Gradient flows into the features.

    Shapes:
        samples (n, *sample_shape) -> features (n, d). The order and the gaps of the dendrogram,
        (N,) and (N - 1,), cover the whole data set, and a checkpoint keeps them. They take time
        that grows with N^2 times the elements of a sample: half a minute on one core for 10,000
        samples of 256.

    Args:
        associated_feature_extractor: maps samples to features.
        min_points: samples that make a region dense, the sample itself counted.

    Raises:
        OptionError: the data set has fewer samples than `min_points`.

    Source: Beer, Weber, Miklautz, Leiber, Durani, Boehm, Plant, ICDM 2024,
        https://arxiv.org/abs/2410.06265.
    """

    loss_names = ("connectivity",)

    def __init__(self, *, associated_feature_extractor: TrainableMapping, min_points: int) -> None:
        super().__init__()
        self.features, self.min_points = Features(associated_feature_extractor), min_points
        self.dendrogram: Dendrogram | None = None

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Compute the dendrogram of the samples if that has not happened yet."""
        if self.dendrogram is not None:
            return
        if self.min_points > data_pass.n_samples:
            raise OptionError(
                "min_points",
                f"{self.min_points} samples cannot lie together in a data set of "
                f"{data_pass.n_samples}",
            )
        rows = data_pass(lambda batch: batch.samples.flatten(1))
        self.dendrogram = density_dendrogram(rows, self.min_points)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the connectivity loss of the batch."""
        if self.dendrogram is None:
            raise RuntimeError("before_iteration has not been called: it computes the dendrogram")
        indices = batch.indices.to(self.dendrogram.places.device)
        distances = density_connectivity_distances(self.dendrogram, indices)
        features = self.features(batch.samples)
        return {"connectivity": density_connectivity_loss(features, distances.to(features))}

    def get_extra_state(self) -> dict[str, Tensor]:
        """Return the dendrogram; empty before the first iteration."""
        return {} if self.dendrogram is None else self.dendrogram._asdict()

    def set_extra_state(self, state: dict[str, Tensor]) -> None:
        """Restore `get_extra_state`'s result."""
        self.dendrogram = Dendrogram(**state) if state else None
