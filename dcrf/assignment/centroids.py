"""Feature-space centroids: one parameter, whatever fills it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Generator, Tensor, nn

from dcrf.clusterings.base import (
    FeatureRows,
    check_finite,
    check_number,
    feature_width,
    match_centers,
)
from dcrf.clusterings.k_means import k_means
from dcrf.errors import DataError
from dcrf.randomness import draw_seed
from dcrf.storage.tensor_files import read_tensors


class Centroids(nn.Module):
    """The centroids of a method, one row per cluster.

    values: (k, d) parameter; (k, 0) until they are initialized. It stays the same object when
        they are recalculated, so an optimizer goes on with it.
    """

    def __init__(self, n_clusters: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.empty(n_clusters, 0))

    @property
    def are_initialized(self) -> bool:
        """Whether there are any values yet."""
        return self.values.shape[1] > 0

    def set_values(self, values: Tensor) -> None:
        """Put new values (k, d) in place of the old ones."""
        self.values.data = values.detach().clone().to(self.values)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Take over saved values whatever their width, for a model that has none yet."""
        if (saved := state_dict.get(f"{prefix}values")) is not None:
            self.values.data = torch.empty_like(saved, device=self.values.device)
        super()._load_from_state_dict(state_dict, prefix, *others)

    def recluster(self, features: FeatureRows, num_restarts: int, seed: int) -> None:
        """Move to the k-means centers of features (n, d), each to the one that continues it."""
        centers = k_means(features, len(self.values), num_restarts, seed)
        self.set_values(match_centers(centers, self.values.detach()))


@dataclass(frozen=True, slots=True)
class CentroidInitialization:
    """How centroids come to be.

    strategy: a key of `INITIALIZATIONS`.
    num_restarts: of k-means.
    file: a saved `{"centroids": (k, d)}`, of `load_from_file` only.
    """

    strategy: str
    num_restarts: int = 20
    file: Path = Path()

    def __call__(self, features: FeatureRows, n_clusters: int, generator: Generator) -> Tensor:
        """Return centroids (k, d) for the features (n, d) of the whole data set.

        Raises:
            DataError: there are fewer samples than clusters, or a file that holds no fitting
                centroids.
            DivergedError: features are not finite.
        """
        check_number(features, n_clusters)
        centroids = INITIALIZATIONS[self.strategy](self, features, n_clusters, generator)
        check_finite(centroids)
        return centroids


def _by_clustering(
    start: CentroidInitialization, features: FeatureRows, n: int, generator: Generator
) -> Tensor:
    return k_means(features, n, start.num_restarts, draw_seed(generator))


def _random_features(
    _: CentroidInitialization, features: FeatureRows, n: int, generator: Generator
) -> Tensor:
    drawn = torch.randperm(len(features), generator=generator)
    return features[drawn[: max(n, 2)]][:n]  # two at least: a layer may not take one sample alone


def _uniform_noise(
    _: CentroidInitialization, features: FeatureRows, n: int, generator: Generator
) -> Tensor:
    return torch.rand(n, feature_width(features), generator=generator) * 2 - 1


def _from_file(
    start: CentroidInitialization, features: FeatureRows, n: int, _: Generator
) -> Tensor:
    values, width = read_centroids(start.file), feature_width(features)
    if values.shape != (n, width):
        raise DataError(
            f"{start.file} holds centroids of shape {tuple(values.shape)}, but the method has "
            f"{n} clusters in {width} feature dimensions"
        )
    return values


INITIALIZATIONS: MappingProxyType[
    str, Callable[[CentroidInitialization, FeatureRows, int, Generator], Tensor]
] = MappingProxyType(
    {
        "classical_clustering": _by_clustering,
        "random_feature_representations": _random_features,
        "random_uniform_noise": _uniform_noise,
        "load_from_file": _from_file,
    }
)


def read_centroids(file: Path) -> Tensor:
    """Read the centroids (k, d) of a file that `save_centroids` wrote.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    values = read_tensors(file).get("centroids")
    if not isinstance(values, Tensor) or values.ndim != 2:  # noqa: PLR2004 - a matrix
        raise DataError(f"{file} holds no centroids: expected {{'centroids': tensor (k, d)}}")
    return values
