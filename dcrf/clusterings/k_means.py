"""k-means, by scikit-learn."""

import torch
from sklearn.cluster import KMeans as ScikitLearnKMeans
from sklearn.cluster import MiniBatchKMeans
from torch import Generator, Tensor

from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    NearestCenter,
    bounded_rows,
    reproducible,
)
from dcrf.randomness import draw_seed

_MINI_BATCH = 4096


class KMeans(Clustering):
    """k-means with restarts (Lloyd 1982; k-means++ of Arthur and Vassilvitskii, SODA 2007).

    Above `K_MEANS_VALUES` numbers, a random subset of that size is clustered by mini-batches
    (Sculley, WWW 2010), and only the initialization is restarted. Memory is bounded that way.

    The same seed gives the same bytes. With at most two threads, scikit-learn adds two partial
    sums, and their order cannot change the result.

    Formula:
        minimizes sum_i |x_i - mu_c(i)|^2

    New samples: the nearest center.

    Args:
        num_restarts: runs, >= 1. The one with the least inertia is used.
    """

    def __init__(self, *, num_restarts: int) -> None:
        self.num_restarts = num_restarts

    def unfitted(self) -> NearestCenter:
        """Return a result without centers."""
        return NearestCenter.unfitted()

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestCenter:
        """Return the centers (k, d) of the restart with the least inertia."""
        seed = draw_seed(generator)
        values = bounded_rows(rows, n_clusters, seed)
        options = {"n_clusters": n_clusters, "n_init": self.num_restarts, "random_state": seed}
        with reproducible():  # with fewer distinct points than clusters, some centers coincide
            if len(values) == len(rows):
                model = ScikitLearnKMeans(**options, copy_x=False)  # `values` is already a copy
                centers = _fit(model, values)
            else:
                mean = values.mean(dim=0)  # scikit-learn expands squares, so it needs centered rows
                model = MiniBatchKMeans(**options, batch_size=_MINI_BATCH)
                centers = _fit(model, values.sub_(mean))
                centers += mean
        return NearestCenter(centers)


def _fit(model: ScikitLearnKMeans | MiniBatchKMeans, rows: Tensor) -> Tensor:
    return torch.from_numpy(model.fit(rows.cpu().numpy()).cluster_centers_).to(rows)
