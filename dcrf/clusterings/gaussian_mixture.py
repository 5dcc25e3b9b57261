"""Gaussian mixtures: expectation maximization by scikit-learn."""

import torch
from sklearn.mixture import GaussianMixture as ScikitLearnGaussianMixture
from torch import Generator, Tensor

from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    bounded_rows,
    centered,
    reproducible,
)
from dcrf.clusterings.fitted import FittedMixture
from dcrf.errors import ClusteringError
from dcrf.randomness import draw_seed

_SCIKIT_LEARN = {"full": "full", "diagonal": "diag", "spherical": "spherical", "tied": "tied"}


class GaussianMixture(Clustering):
    """A mixture of normal distributions by expectation maximization, started by k-means.

    Above `K_MEANS_VALUES` numbers, it is fitted to a random subset of that size.

    Formula:
        maximizes sum_i log sum_j pi_j N(x_i; mu_j, S_j)

    New samples: the posterior probabilities of the components (Bishop 2006, eq. 9.23), as all
    samples.

    Args:
        covariance_type: `full`, `diagonal`, `spherical`, or `tied`: one full covariance of all
            components.
        regularization: added to the diagonals of the covariances, >= 0.
        num_restarts: runs, >= 1. The one with the largest likelihood is used.
        max_em_steps: steps of expectation maximization, >= 1.
    """

    def __init__(
        self, *, covariance_type: str, regularization: float, num_restarts: int, max_em_steps: int
    ) -> None:
        self.covariance_type, self.regularization = covariance_type, regularization
        self.num_restarts, self.max_em_steps = num_restarts, max_em_steps

    def unfitted(self) -> FittedMixture:
        """Return a result without components."""
        return FittedMixture.unfitted()

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> FittedMixture:
        """Return the components of the run with the largest likelihood.

        Raises:
            ClusteringError: a covariance is not positive definite.
        """
        seed = draw_seed(generator)
        values = bounded_rows(rows, n_clusters, seed)
        array, mean = centered(values)
        model = ScikitLearnGaussianMixture(
            n_clusters,
            covariance_type=_SCIKIT_LEARN[self.covariance_type],
            reg_covar=self.regularization,
            n_init=self.num_restarts,
            max_iter=self.max_em_steps,
            random_state=seed,
        )
        try:
            with reproducible():
                model.fit(array)
            means, covariances, weights = (
                torch.from_numpy(value).to(mean)
                for value in (model.means_, model.covariances_, model.weights_)
            )
            factors = _factors(covariances, self.covariance_type)
        except (ValueError, RuntimeError) as error:
            raise ClusteringError(
                "the covariance of a component is not positive definite: raise regularization, now "
                f"{self.regularization:g}, or take the covariance_type diagonal or spherical"
            ) from error
        return FittedMixture((means + mean).to(values), factors, weights.log())


def _factors(covariances: Tensor, covariance_type: str) -> Tensor:
    """Return Cholesky factors (k or 1, d, d), or standard deviations (k, d) or (k,)."""
    if covariance_type in ("full", "tied"):
        return torch.linalg.cholesky(covariances.reshape(-1, *covariances.shape[-2:]))
    return covariances.sqrt()
