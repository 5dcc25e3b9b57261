"""Base classes of classical clusterings and of their results, and functions that they share."""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits
from torch import Generator, Tensor

from dcrf.errors import ClusteringError, DivergedError, TooFewSamplesError
from dcrf.functional.assignments import nearest_center_log_assignments
from dcrf.safety.limits import K_MEANS_VALUES
from dcrf.safety.memory import free_memory, gib
from dcrf.storage.sized_later import SizedLater

_CHUNK = 4096


class FeatureRows(Protocol):
    """Features (n, d), read by row: a tensor, or an object that computes rows on demand."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: Tensor, /) -> Tensor: ...


class Fitted(SizedLater):
    """The result of a clustering: assigns samples, those of the fit and new ones, to clusters.

    All of its values are buffers, or constants of the clustering. An unfitted one has no clusters,
    and loads any saved one.

    Args:
        centers: (k, d) among the features; None for clusters without centers.
    """

    centers: Tensor | None

    def __init__(self, centers: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("centers", centers)

    @property
    def n_clusters_found(self) -> int:
        """The number of clusters, k; 0 if it is unfitted."""
        raise NotImplementedError

    @property
    def is_fitted(self) -> bool:
        """Whether it has clusters."""
        return self.n_clusters_found > 0

    def log_assignments(self, features: Tensor) -> Tensor:
        """Return (n, k) natural-log probabilities for features (n, d).

        The exp of every row sums to 1. A row of minus infinity is noise: it has no cluster.
        """
        raise NotImplementedError


class NearestCenter(Fitted):
    """Hard assignments to the nearest center.

    Args:
        centers: (k, d).
    """

    centers: Tensor

    def __init__(self, centers: Tensor) -> None:
        super().__init__(centers)

    @classmethod
    def unfitted(cls) -> "NearestCenter":
        """Return one without centers."""
        return cls(torch.empty(0, 0))

    @property
    def n_clusters_found(self) -> int:
        """The number of centers, k."""
        return len(self.centers)

    def log_assignments(self, features: Tensor) -> Tensor:
        """Return (n, k): 0 for the nearest center of features (n, d), minus infinity for others."""
        return nearest_center_log_assignments(features, self.centers)


class Clustering:
    """A classical clustering method. Subclasses implement `fit_rows` and `unfitted`."""

    def fit(self, features: FeatureRows, n_clusters: int, generator: Generator) -> Fitted:
        """Cluster the features (n, d) of a data set.

        Features on torch's meta device have a shape only, and so has their result.

        Args:
            features: of all samples.
            n_clusters: k. Clusterings that find their number of clusters ignore it.
            generator: of all random numbers, on the CPU.

        Raises:
            TooFewSamplesError: fewer samples than clusters.
            ClusteringError: the clustering does not work on so many or so few samples.
            DivergedError: NaN or infinite features.
        """
        self.check_number(len(features), n_clusters)
        probe = first_rows(features)
        self.check_size(len(features), probe.shape[1])
        if probe.is_meta:
            return NearestCenter(probe.new_empty(n_clusters, probe.shape[1]))
        return self.fit_rows(_FiniteRows(features), n_clusters, generator)

    def unfitted(self) -> Fitted:
        """Return a result without clusters, which can load the state of one that `fit` returned."""
        raise NotImplementedError

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> Fitted:
        """Cluster rows (n, d) of finite values. The arguments are those of `fit`."""
        raise NotImplementedError

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Raise TooFewSamplesError or ClusteringError if there are too few samples."""
        if n_samples < n_clusters:
            samples = "1 sample" if n_samples == 1 else f"{n_samples} samples"
            raise TooFewSamplesError(f"{samples} cannot form {n_clusters} clusters")

    def check_size(self, n_samples: int, n_features: int) -> None:
        """Raise ClusteringError if so many samples would not fit into memory."""


class _FiniteRows:
    """Features without gradient that are checked when they are read."""

    def __init__(self, features: FeatureRows) -> None:
        self.features = features

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, indices: Tensor) -> Tensor:
        rows = self.features[indices].detach()
        check_finite(rows)
        return rows


def check_neighbors(n_samples: int, n_neighbors: int, key: str) -> None:
    """Raise ClusteringError if samples have fewer neighbors than the value of a key."""
    if n_samples <= n_neighbors:
        raise ClusteringError(
            f"each of {n_samples} samples has {n_samples - 1} neighbors, but {key} is {n_neighbors}"
        )


def check_finite(features: Tensor) -> None:
    """Raise DivergedError if features (n, d) contain NaN or infinity; on the meta device, never."""
    if features.is_meta:
        return
    if not torch.stack(features.aminmax()).isfinite().all():  # both propagate NaN
        raise DivergedError("the feature representations are not finite")


def feature_width(features: FeatureRows) -> int:
    """Return d of features (n, d)."""
    return first_rows(features).shape[1]


def first_rows(features: FeatureRows) -> Tensor:
    """Return the first two rows (one if n is 1): BatchNorm rejects a batch of one sample."""
    return features[torch.arange(min(2, len(features)))]


def check_pairs_fit(n_samples: int, bytes_per_pair: int, remedy: str) -> None:
    """Raise ClusteringError if values of all pairs of samples exceed the free memory.

    Args:
        n_samples: n.
        bytes_per_pair: of the n^2 pairs of samples.
        remedy: to take instead.
    """
    needed, free = bytes_per_pair * n_samples**2, free_memory()
    if needed > free:
        most = math.isqrt(free // bytes_per_pair)
        raise ClusteringError(
            f"{n_samples:,} samples need {gib(needed)} of memory for their pairs, and {gib(free)} "
            f"are free: at most {most:,} samples fit; {remedy}"
        )


def all_rows(features: FeatureRows) -> Tensor:
    """Return a copy of all rows (n, d)."""
    return features[torch.arange(len(features))]


def parts_of(indices: Tensor) -> Sequence[Tensor]:
    """Return indices (n,) in parts of at most 4,096. Unless n is 1, none has a single one."""
    return indices.tensor_split(max(-(-len(indices) // _CHUNK), 1))


def bounded_rows(features: FeatureRows, n_clusters: int, seed: int) -> Tensor:
    """Return a copy of all rows (n, d), or of a random subset of `K_MEANS_VALUES` numbers.

    The subset has a row for each cluster at least.
    """
    most_rows = max(K_MEANS_VALUES // feature_width(features), n_clusters)
    return features[spread_indices(len(features), most_rows, seed)]


def spread_indices(n: int, most: int, seed: int) -> Tensor:
    """Return (m,) rising indices: all n, or `most` random ones spread over the data.

    One index is drawn from each of `most` equal stretches, so no array of length n is needed.
    """
    if n <= most:
        return torch.arange(n)
    edges = torch.arange(most + 1) * n // most
    draws = torch.rand(most, generator=Generator().manual_seed(seed), dtype=torch.float64)
    return edges[:-1] + (draws * edges.diff()).long()


def centered(rows: Tensor) -> tuple[NDArray[np.float64], Tensor]:
    """Return rows (n, d) minus their mean as an array on the CPU, and the mean (d,) in float64.

    scikit-learn expands squared distances, which loses digits far from the origin.
    """
    values = rows.double()
    mean = values.mean(dim=0)
    return (values - mean).cpu().numpy(), mean


@contextmanager
def reproducible() -> Iterator[None]:
    """Let scikit-learn use torch's threads in the block, at most two, and give no warnings.

    Two threads add two partial sums, and their order cannot change the result. Runs beside each
    other have one thread each; a second one would wait for a core in every parallel loop. The
    warnings are about slow convergence, equal samples and graphs in several parts, which have a
    result.
    """
    with threadpool_limits(min(2, torch.get_num_threads())), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def centers_of(fitted: Fitted, features: FeatureRows, n_clusters: int) -> Tensor:
    """Return the centers (k, d) of clusters, or the mean of each cluster if it has none.

    Args:
        fitted: result of a clustering.
        features: (n, d) that were clustered. They are read in parts, so memory stays bounded.
        n_clusters: k.

    Raises:
        ClusteringError: the clustering has found another number of clusters, or one is empty.
    """
    if fitted.n_clusters_found != n_clusters:
        raise ClusteringError(
            f"the clustering has found {fitted.n_clusters_found} clusters, but {n_clusters} "
            "centroids are needed"
        )
    if fitted.centers is not None:
        return fitted.centers
    means, weights = _weighted_means(
        features, lambda _, rows: fitted.log_assignments(rows).double().exp()
    )
    if empty := (weights == 0).nonzero().flatten().tolist():
        raise ClusteringError(f"no sample is in cluster {empty[0]}, so it has no center")
    return means


def means_of_members(features: FeatureRows, clusters: Tensor, n_clusters: int) -> Tensor:
    """Return the mean (k, d) of the features of each cluster; infinite for an empty one.

    Args:
        features: (n, d). They are read in parts, so memory stays bounded.
        clusters: (n,) int64 from 0 to k - 1, -1 for noise, which is left out.
        n_clusters: k.
    """

    def is_member(indices: Tensor, rows: Tensor) -> Tensor:
        members = clusters[indices.to(clusters.device)].to(rows.device)
        return (members.unsqueeze(1) == torch.arange(n_clusters, device=rows.device)).double()

    means, counts = _weighted_means(features, is_member)
    return means.masked_fill(counts.unsqueeze(1) == 0, torch.inf)


def _weighted_means(
    features: FeatureRows, weights_of: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the weighted means (k, d) of features (n, d), and the sums (k,) of the weights.

    Args:
        features: read in parts, so memory stays bounded.
        weights_of: maps indices (m,) and their rows (m, d) to float64 weights (m, k).
    """
    sums, weights = torch.zeros(()), torch.zeros(())
    for indices in parts_of(torch.arange(len(features))):
        rows = features[indices].detach()
        own = weights_of(indices, rows)
        sums = sums.to(rows.device) + own.T @ rows.double()
        weights = weights.to(rows.device) + own.sum(dim=0)
    return (sums / weights.unsqueeze(1)).to(rows), weights


def continued_numbers(clusters: Tensor, previous: Tensor, n_clusters: int) -> Tensor:
    """Renumber clusters so that each continues a previous cluster that shares its samples.

    The matching is one-to-one and maximizes the number of samples that keep their number.

    Args:
        clusters: (n,) int64 from 0 to k - 1, -1 for noise, which stays noise.
        previous: (n,) int64 of the same samples.
        n_clusters: k.

    Returns:
        (n,) int64.
    """
    is_in_both = (clusters >= 0) & (previous >= 0)
    pairs = clusters[is_in_both] * n_clusters + previous[is_in_both]
    shared = torch.bincount(pairs, minlength=n_clusters**2).reshape(n_clusters, n_clusters)
    numbers = linear_sum_assignment(shared.cpu().numpy(), maximize=True)[1]
    table = torch.from_numpy(numbers).to(clusters)
    return table[clusters.clamp_min(0)].masked_fill(clusters < 0, -1)


def match_centers(centers: Tensor, previous: Tensor) -> Tensor:
    """Reorder centers (k, d) so that row i continues row i of the previous centers (k, d).

    The matching is one-to-one and minimizes the sum of squared distances. Cluster numbers thus
    keep their meaning for target distributions and reassignment ratios.
    """
    if centers.is_meta:
        return centers
    # cdist expands the square above 25 rows unless told not to, and then loses digits
    distances = torch.cdist(
        previous.double(), centers.double(), compute_mode="donot_use_mm_for_euclid_dist"
    )
    order = linear_sum_assignment(distances.square().cpu().numpy())[1]
    return centers[torch.from_numpy(order).to(centers.device)]
