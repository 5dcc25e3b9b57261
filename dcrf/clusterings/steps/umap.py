"""UMAP, by umap-learn."""

import sys
from importlib.util import find_spec

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows, all_rows, centered, reproducible
from dcrf.clusterings.steps.base import Embedding
from dcrf.errors import ClusteringError
from dcrf.extras import optional_package
from dcrf.randomness import draw_seed


class Umap(Embedding):
    """Images of samples whose graph of neighbors is like that of the samples.

    McInnes, Healy and Melville 2018, https://arxiv.org/abs/1802.03426. One thread computes them, so
    that the same seed gives the same bytes. A terminal shows the progress.

    New samples: they are assigned like their nearest sample of the fit, in the features that the
    step received. The index by which umap-learn maps them is no tensor, so it is not saved.

    Args:
        n_components: dimensions of an image, >= 1.
        num_neighbors: of a sample, itself included, >= 2, at most the number of samples.
        min_dist: least distance of images, from 0 to 1.
    """

    def __init__(self, *, n_components: int, num_neighbors: int, min_dist: float) -> None:
        self.n_components, self.num_neighbors = n_components, num_neighbors
        self.min_dist = min_dist

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the number of dimensions of images.

        Raises:
            ClusteringError: too few samples for the neighbors or the spectral start.
            DataError: umap-learn is not installed.
        """
        if find_spec("umap") is None:  # the import takes seconds, so a dry run does without
            optional_package("umap", "umap")
        least = max(self.num_neighbors, self.n_components + 2)
        if n_samples < least:
            raise ClusteringError(
                f"the step umap with num_neighbors {self.num_neighbors} and n_components "
                f"{self.n_components} needs at least {least} samples, not {n_samples}"
            )
        return self.n_components

    def embed(self, rows: FeatureRows, generator: Generator) -> Tensor:
        """Return the images (n, m) of rows (n, d)."""
        values = all_rows(rows)
        array, _ = centered(values)
        is_shown = sys.stderr is not None and sys.stderr.isatty()
        with reproducible():
            model = optional_package("umap", "umap").UMAP(
                n_components=self.n_components,
                n_neighbors=self.num_neighbors,
                min_dist=self.min_dist,
                random_state=draw_seed(generator),
                n_jobs=1,
                tqdm_kwds={"disable": not is_shown, "leave": False},
            )
            images = model.fit_transform(array)
        return torch.from_numpy(images).to(values)
