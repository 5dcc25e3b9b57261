"""Feature-space centroids, and how they are initialized and recalculated."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from dcrf.assignment.axes import axes
from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    centers_of,
    check_finite,
    feature_width,
    first_rows,
    match_centers,
)
from dcrf.errors import DataError, TooFewSamplesError
from dcrf.storage.parameter_files import read_tensor
from dcrf.storage.sized_later import SizedLater


class Centroids(SizedLater):
    """The centroids of a method, one row per cluster.

    values: (k, d) parameter, (k, 0) until the centroids are initialized. Recalculation changes its
        data and keeps the object, so its optimizer and its momentum stay valid.
    """

    names_in_files: ClassVar = {"values": "centroids"}

    def __init__(self, n_clusters: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.empty(n_clusters, 0))

    @property
    def are_initialized(self) -> bool:
        """Whether `values` has been set."""
        return self.values.shape[1] > 0

    def set_values(self, values: Tensor) -> None:
        """Copy values (k, d) into the parameter."""
        self.values.data = values.detach().clone().to(self.values)

    def recluster(
        self, features: FeatureRows, clustering: Clustering, generator: Generator
    ) -> None:
        """Move each centroid to the center of features (n, d) that continues it.

        Args:
            features: of the whole data set.
            clustering: forms as many clusters.
            generator: of the clustering's random numbers.
        """
        fitted = clustering.fit(features, len(self.values), generator)
        centers = centers_of(fitted, features, len(self.values))
        self.set_values(match_centers(centers, self.values.detach()))


@dataclass(frozen=True, slots=True)
class CentroidInitialization:
    """Computes the first values of centroids.

    strategy: a key of `INITIALIZATIONS`.
    clustering: only `classical_clustering` uses it.
    file: saved centroids; only `load_from_file` reads it.
    read_tensor: reads the tensor with a name from the file.
    axis_scale: only `fixed_axes` uses it.
    """

    strategy: str
    clustering: Clustering | None = None
    file: Path = Path()
    read_tensor: Callable[[Path, str], Tensor] = read_tensor
    axis_scale: float = 1.0

    def __call__(self, features: FeatureRows, n_clusters: int, generator: Generator) -> Tensor:
        """Return centroids (k, d) for the features (n, d) of the whole data set.

        Features on torch's meta device have a shape only, and so do their centroids.

        Raises:
            TooFewSamplesError: too few samples to draw or cluster k centroids from.
            DataError: the file does not hold centroids of shape (k, d).
            OptionError: fewer feature dimensions than centroids on axes.
            DivergedError: NaN or infinite features.
        """
        centroids = INITIALIZATIONS[self.strategy](self, features, n_clusters, generator)
        check_finite(centroids)
        return centroids


def _by_clustering(
    initialization: CentroidInitialization, features: FeatureRows, k: int, generator: Generator
) -> Tensor:
    if initialization.clustering is None:
        raise ValueError("the initialization strategy needs a clustering")
    fitted = initialization.clustering.fit(features, k, generator)
    return centers_of(fitted, features, k)


def _random_features(
    _: CentroidInitialization, features: FeatureRows, k: int, generator: Generator
) -> Tensor:
    if len(features) < k:
        raise TooFewSamplesError(f"{k} centroids cannot be drawn from {len(features)} samples")
    probe = first_rows(features)
    if probe.is_meta:
        return probe.new_empty(k, probe.shape[1])
    order = torch.randperm(len(features), generator=generator)
    return features[order[: max(k, 2)]][:k]  # BatchNorm rejects a batch of one sample


def _uniform_noise(
    _: CentroidInitialization, features: FeatureRows, k: int, generator: Generator
) -> Tensor:
    probe = first_rows(features)
    if probe.is_meta:
        return probe.new_empty(k, probe.shape[1])
    return torch.rand(k, probe.shape[1], generator=generator) * 2 - 1


def _on_axes(
    initialization: CentroidInitialization, features: FeatureRows, k: int, _: Generator
) -> Tensor:
    probe = first_rows(features)
    points = axes("centroid_initialization_strategy", k, probe.shape[1], initialization.axis_scale)
    return points.to(probe)


def _from_file(
    initialization: CentroidInitialization, features: FeatureRows, k: int, _: Generator
) -> Tensor:
    values = initialization.read_tensor(initialization.file, "centroids")
    width = feature_width(features)
    if values.shape != (k, width):
        raise DataError(
            f"{initialization.file} holds centroids of shape {tuple(values.shape)}, but the "
            f"method has {k} clusters in {width} feature dimensions"
        )
    return values


_Initialize = Callable[[CentroidInitialization, FeatureRows, int, Generator], Tensor]

INITIALIZATIONS: MappingProxyType[str, _Initialize] = MappingProxyType(
    {
        "classical_clustering": _by_clustering,
        "random_feature_representations": _random_features,
        "random_uniform_noise": _uniform_noise,
        "fixed_axes": _on_axes,
        "load_from_file": _from_file,
    }
)
"""`centroid_initialization_strategy` -> function that returns centroids (k, d)."""
