"""Density peaks with merged clusters."""

from torch import Generator

from dcrf.clusterings.base import Clustering, FeatureRows, all_rows
from dcrf.clusterings.fitted import NearestSample
from dcrf.errors import ClusteringError
from dcrf.functional.density_peaks import density_peak_clusters
from dcrf.safety.limits import DENSITY_PEAKS_SAMPLES


class DensityPeaks(Clustering):
    """Clusters around peaks of the density, merged if they touch (DDC, Ren et al. 2020).

    A peak has more than the mean density and no denser sample within the cut-off distance. Other
    samples belong to the cluster of their nearest denser sample. Clusters whose core samples lie
    within the cut-off distance are one. The number of clusters is found, whatever `num_clusters`
    is. Time grows with the square of the number of samples, memory only with the number.

    Formula:
        density of i = sum_j exp(-(|x_i - x_j| / d_c)^2)

    New samples: the cluster of the nearest sample.

    Args:
        ratio: of the cut-off distance to the mean distance of two samples, > 0.
    """

    def __init__(self, *, ratio: float) -> None:
        self.ratio = ratio

    def unfitted(self) -> NearestSample:
        """Return a result without samples."""
        return NearestSample.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Accept any number of samples: the clusters are found."""

    def check_size(self, n_samples: int, n_features: int) -> None:
        """Raise ClusteringError if the distances of so many samples take too long."""
        if n_samples > DENSITY_PEAKS_SAMPLES:
            raise ClusteringError(
                f"density_peaks takes at most {DENSITY_PEAKS_SAMPLES:,} samples, not "
                f"{n_samples:,}; take hdbscan, or use fewer samples"
            )

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestSample:
        """Return all samples with their clusters."""
        values = all_rows(rows)
        points = values.double()
        clusters = density_peak_clusters(points - points.mean(dim=0), self.ratio)
        return NearestSample(values, clusters, int(clusters.max()) + 1)
