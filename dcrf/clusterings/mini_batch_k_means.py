"""k-means by mini-batches, by scikit-learn."""

import torch
from sklearn.cluster import MiniBatchKMeans as ScikitLearnMiniBatchKMeans
from torch import Generator

from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    NearestCenter,
    bounded_rows,
    centered,
    reproducible,
)
from dcrf.randomness import draw_seed


class MiniBatchKMeans(Clustering):
    """k-means whose centers are running means of mini-batches (Sculley, WWW 2010).

    Above `K_MEANS_VALUES` numbers, a random subset of that size is clustered.

    Formula:
        mu_c <- mu_c + (x_i - mu_c) / count_c, for each sample x_i of the nearest center c

    New samples: the nearest center.

    Args:
        num_restarts: initializations by k-means++, >= 1. The one with the least inertia is trained.
        mini_batch_size: samples in a mini-batch, >= 1.
        max_epochs: passes over the data at most, >= 1.
    """

    def __init__(self, *, num_restarts: int, mini_batch_size: int, max_epochs: int) -> None:
        self.num_restarts, self.mini_batch_size = num_restarts, mini_batch_size
        self.max_epochs = max_epochs

    def unfitted(self) -> NearestCenter:
        """Return a result without centers."""
        return NearestCenter.unfitted()

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestCenter:
        """Return the centers (k, d) after the last mini-batch."""
        seed = draw_seed(generator)
        values = bounded_rows(rows, n_clusters, seed)
        array, mean = centered(values)
        model = ScikitLearnMiniBatchKMeans(
            n_clusters,
            n_init=self.num_restarts,
            batch_size=self.mini_batch_size,
            max_iter=self.max_epochs,
            random_state=seed,
        )
        with reproducible():
            centers = torch.from_numpy(model.fit(array).cluster_centers_)
        return NearestCenter((centers.to(mean) + mean).to(values))
