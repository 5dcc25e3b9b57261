"""Classical clustering of feature representations, by scikit-learn."""

import warnings
from types import MappingProxyType

import torch
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from torch import Tensor

from dcrf.errors import DataError


def k_means(features: Tensor, n_clusters: int, num_restarts: int, seed: int) -> Tensor:
    """Cluster features (n, d) by k-means; return the centres (k, d) of the best restart.

    The same seed gives the same bytes: with at most two threads the order in which scikit-learn
    adds up their partial sums cannot change a sum.

    Raises:
        DataError: there are fewer samples than clusters, or features that are not finite.
    """
    check_features(features, n_clusters)
    model = KMeans(n_clusters, n_init=num_restarts, random_state=seed)
    with threadpool_limits(2), warnings.catch_warnings():
        # fewer distinct points than clusters: some centres coincide, which is what k-means finds
        warnings.simplefilter("ignore", ConvergenceWarning)
        centres = model.fit(features.detach().cpu().numpy()).cluster_centers_
    return torch.from_numpy(centres).to(features)


def check_features(features: Tensor, n_clusters: int) -> None:
    """Raise DataError where features (n, d) cannot give `n_clusters` centroids."""
    if len(features) < n_clusters:
        raise DataError(f"{len(features)} samples cannot form {n_clusters} clusters")
    if not features.isfinite().all():
        raise DataError("the feature representations are not finite: training has diverged")


def in_order_of(centres: Tensor, earlier: Tensor) -> Tensor:
    """Reorder centres (k, d) so that each takes the place of the earlier centre it continues.

    The places are matched one to one with the least sum of squared distances, so that cluster
    numbers keep their meaning for target distributions and reassignment ratios.
    """
    cost = torch.cdist(earlier.double(), centres.double()).square().cpu().numpy()
    return centres[torch.from_numpy(linear_sum_assignment(cost)[1]).to(centres.device)]


CLUSTERINGS = MappingProxyType({"k_means": k_means})
"""Configured name -> (features, n_clusters, num_restarts, seed) -> centres (k, d)."""
