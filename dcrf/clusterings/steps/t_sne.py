"""t-SNE, by scikit-learn."""

import sys
from contextlib import redirect_stdout

import torch
from sklearn.manifold import TSNE
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows, all_rows, centered, reproducible
from dcrf.clusterings.steps.base import Embedding
from dcrf.errors import ClusteringError
from dcrf.randomness import draw_seed
from dcrf.safety.limits import T_SNE_SAMPLES


class TSne(Embedding):
    """Images of samples that keep neighbors together (van der Maaten and Hinton, JMLR 2008).

    Gradients are those of Barnes and Hut (van der Maaten, JMLR 2014), and images start at the
    principal components. A terminal shows the progress.

    New samples: they have no image. They are assigned like their nearest sample of the fit, in the
    features that the step received.

    Args:
        n_components: dimensions of an image, 1 to 3.
        perplexity: effective number of neighbors of a sample, > 0, fewer than samples.
        gradient_steps: gradient steps, >= 250.
    """

    def __init__(self, *, n_components: int, perplexity: float, gradient_steps: int) -> None:
        self.n_components, self.perplexity = n_components, perplexity
        self.gradient_steps = gradient_steps

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the number of dimensions of images.

        Raises:
            ClusteringError: too many samples, or too few for the perplexity or the start.
        """
        if n_samples > T_SNE_SAMPLES:
            raise ClusteringError(
                f"the step t_sne takes at most {T_SNE_SAMPLES:,} samples, not {n_samples:,}; "
                "take the step pca or umap, or use fewer samples"
            )
        if n_samples <= self.perplexity:
            raise ClusteringError(
                f"perplexity of the step t_sne is {self.perplexity:g}, but there are only "
                f"{n_samples} samples; write less"
            )
        if n_features < self.n_components:
            raise ClusteringError(
                f"n_components of the step t_sne is {self.n_components}, but there are only "
                f"{n_features} features"
            )
        return self.n_components

    def embed(self, rows: FeatureRows, generator: Generator) -> Tensor:
        """Return the images (n, m) of rows (n, d)."""
        values = all_rows(rows)
        array, _ = centered(values)
        is_shown = sys.stderr is not None and sys.stderr.isatty()
        model = TSNE(
            self.n_components,
            perplexity=self.perplexity,
            max_iter=self.gradient_steps,
            init="pca" if array.any() else "random",
            random_state=draw_seed(generator),
            verbose=int(is_shown),
        )
        with reproducible(), redirect_stdout(sys.stderr if is_shown else sys.stdout):
            images = model.fit_transform(array)
        return torch.from_numpy(images).to(values)
