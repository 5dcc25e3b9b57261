"""k-means, by scikit-learn."""

import warnings
from types import MappingProxyType

import torch
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from torch import Tensor

from dcrf.clusterings.base import FeatureRows, check_finite, check_number, first_rows
from dcrf.safety.limits import K_MEANS_VALUES

_MINI_BATCH = 4096


def k_means(features: FeatureRows, n_clusters: int, num_restarts: int, seed: int) -> Tensor:
    """Cluster features (n, d) by k-means; return the centers (k, d) of the best restart.

    Features of more than `K_MEANS_VALUES` numbers are sub-sampled at random to that many, which
    bounds memory, and clustered by mini-batches (Sculley, WWW 2010), with restarts of the
    initialization only.

    The same seed gives the same bytes: with at most two threads the order in which scikit-learn
    adds up their partial sums cannot change a sum.

    Raises:
        DataError: there are fewer samples than clusters.
        DivergedError: features are not finite.
    """
    check_number(features, n_clusters)
    if (some := first_rows(features)).is_meta:  # there are shapes only
        return some.new_empty(n_clusters, some.shape[1])
    rows = _rows_to_cluster(len(features), max(K_MEANS_VALUES // some.shape[1], n_clusters), seed)
    chosen = features[rows]
    check_finite(chosen)
    options = {"n_clusters": n_clusters, "n_init": num_restarts, "random_state": seed}
    if len(rows) == len(features):
        model = KMeans(**options, copy_x=False)  # `chosen` is ours alone
    else:
        model = MiniBatchKMeans(**options, batch_size=_MINI_BATCH)
    with threadpool_limits(2), warnings.catch_warnings():
        # fewer distinct points than clusters: some centers coincide, which is what k-means finds
        warnings.simplefilter("ignore", ConvergenceWarning)
        centers = model.fit(chosen.detach().cpu().numpy()).cluster_centers_
    return torch.from_numpy(centers).to(chosen)


def _rows_to_cluster(n: int, most: int, seed: int) -> Tensor:
    """Return the indices (m,) of all n rows, or of a random part where these are too many.

    The data are cut into equal stretches, and a row is drawn of each: in rising order, as they lie
    in a file, and without an array over all rows.
    """
    if n <= most:
        return torch.arange(n)
    edges = torch.arange(most + 1) * n // most
    drawn = torch.rand(most, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return edges[:-1] + (drawn * edges.diff()).long()


CLUSTERINGS = MappingProxyType({"k_means": k_means})
"""Configured name -> (features (n, d), n_clusters, num_restarts, seed) -> centers (k, d)."""
