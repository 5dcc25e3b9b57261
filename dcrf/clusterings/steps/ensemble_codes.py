"""Codes of an infinite ensemble of k-means clusterings."""

import math

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows, bounded_rows, parts_of, reproducible
from dcrf.clusterings.k_means import KMeans
from dcrf.clusterings.steps.base import FittedStep, Transformation
from dcrf.errors import ClusteringError
from dcrf.functional.marginalized_denoising import denoising_weights
from dcrf.randomness import draw_seed
from dcrf.safety.memory import free_memory, gib

_SQUARE_MATRICES = 4  # the products, their corrupted copy, the right side and the solution


class EnsembleCodes(Transformation):
    """Which cluster a row has in each of many k-means clusterings, smoothed by denoising layers.

    The numbers of clusters are spread evenly from the least to the largest one, so that the width
    of the codes is known before; the paper draws them. The one-hot codes of all clusterings, d
    numbers together, pass marginalized denoising layers h -> tanh(W h), each in closed form. The
    result is that of the last layer; the paper concatenates those of all layers.

    Memory grows with d^2. Above `K_MEANS_VALUES` numbers, a random subset of the rows is used.

    New samples: the nearest center of each clustering, then the same layers.

    Args:
        num_clusterings: runs of k-means, >= 1.
        min_num_clusters, max_num_clusters: of a run. The largest is the square root of the number
            of rows, rounded down, if it is None.
        corruption_rate: probability that a code is set to 0, > 0, < 1.
        num_denoising_layers: denoising layers, >= 1.
        epsilon: is added to the diagonal of the matrix that is inverted, > 0.

    Source: Liu, Shao, Li, Fu, Infinite Ensemble for Image Clustering, KDD 2016,
        https://doi.org/10.1145/2939672.2939813.
    """

    def __init__(
        self,
        *,
        num_clusterings: int,
        min_num_clusters: int,
        corruption_rate: float,
        num_denoising_layers: int,
        epsilon: float,
        max_num_clusters: int | None = None,
    ) -> None:
        self.num_clusterings, self.least, self.most = (
            num_clusterings,
            min_num_clusters,
            max_num_clusters,
        )
        self.corruption_rate, self.num_denoising_layers = corruption_rate, num_denoising_layers
        self.epsilon = epsilon

    def width(self, n_samples: int, n_features: int) -> int:
        """Return d, the sum of the numbers of clusters.

        Raises:
            ClusteringError: more clusters than samples, or d^2 would not fit into memory.
        """
        numbers = self._numbers(n_samples)
        if max(numbers) > n_samples:
            raise ClusteringError(
                f"the step ensemble_codes forms up to {max(numbers)} clusters, but there are only "
                f"{n_samples} samples; lower min_num_clusters or max_num_clusters"
            )
        width = sum(numbers)
        needed, free = 8 * (_SQUARE_MATRICES + self.num_denoising_layers) * width**2, free_memory()
        if needed > free:
            raise ClusteringError(
                f"the codes of {self.num_clusterings} clusterings are {width:,} wide; their layers "
                f"need {gib(needed)} of memory, and {gib(free)} are free: lower num_clusterings or "
                "max_num_clusters"
            )
        return width

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the centers of all clusterings and the layers after them."""
        numbers = self._numbers(len(rows))
        values = bounded_rows(rows, max(numbers), draw_seed(generator))
        k_means = KMeans(num_restarts=1)
        runs = [k_means.fit_rows(values, number, generator) for number in numbers]
        centers = torch.cat([run.centers for run in runs])
        codes = _Codes(centers, torch.tensor(numbers), values.new_empty(0, 0, 0))
        for _ in range(self.num_denoising_layers):
            codes.add_layer(values, self.corruption_rate, self.epsilon)
        return codes

    def unfitted(self) -> FittedStep:
        """Return codes of width 0."""
        return _Codes(
            torch.empty(0, 0),
            torch.empty(0, dtype=torch.int64),
            torch.empty(self.num_denoising_layers, 0, 0),
        )

    def _numbers(self, n_samples: int) -> list[int]:
        """Return the number of clusters of each clustering, ascending."""
        most = math.isqrt(n_samples) if self.most is None else self.most
        choices = max(most - self.least + 1, 1)
        runs = range(self.num_clusterings)
        return [self.least + run * choices // self.num_clusterings for run in runs]


class _Codes(FittedStep):
    """Nearest centers of several clusterings, one-hot, after denoising layers.

    centers: (d, features) of all clusterings.
    numbers: (r,) centers of each clustering, d together.
    weights: (layers, d, d).
    """

    centers: Tensor
    numbers: Tensor
    weights: Tensor

    def __init__(self, centers: Tensor, numbers: Tensor, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("centers", centers)
        self.register_buffer("numbers", numbers)
        self.register_buffer("weights", weights)

    def forward(self, features: Tensor) -> Tensor:
        codes = self._one_hot(features)
        for weight in self.weights:
            codes = (codes @ weight.to(codes).T).tanh()
        return codes

    def add_layer(self, rows: Tensor, corruption_rate: float, epsilon: float) -> None:
        """Fit one more denoising layer to the codes of rows (n, features)."""
        width = len(self.centers)
        products = rows.new_zeros(width, width, dtype=torch.float64)
        for part in parts_of(torch.arange(len(rows))):
            codes = self(rows[part]).double()
            products += codes.T @ codes
        with reproducible():
            weight = denoising_weights(products, corruption_rate, epsilon).to(rows)
        self.weights = torch.cat([self.weights.reshape(-1, width, width), weight.unsqueeze(0)])

    def _one_hot(self, features: Tensor) -> Tensor:
        """Return (n, d) ones at the nearest center of each clustering, and zeros."""
        # as nearest_rows does it: squares are expanded around the mean, so that few digits are lost
        centers = self.centers.double()
        origin = centers.mean(dim=0)
        centers = centers - origin
        offsets = 0.5 * centers.square().sum(dim=1)
        similarities = (features.double() - origin) @ centers.T - offsets
        codes = features.new_zeros(similarities.shape)
        start = 0
        for number in self.numbers.tolist():
            nearest = similarities[:, start : start + number].argmax(dim=1, keepdim=True)
            codes.scatter_(1, start + nearest, 1.0)
            start += number
        return codes
