"""Mixtures of normal distributions whose number is found by splits and merges."""

import torch
from sklearn.cluster import KMeans
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
from dcrf.functional.mixtures import mixture_log_assignments, normal_log_densities
from dcrf.functional.normal_inverse_wishart import (
    Moments,
    NormalInverseWishart,
    log_split_ratios,
    moments,
    most_probable_normals,
)
from dcrf.randomness import draw_seed

_STRENGTH = 1e-4  # kappa of the prior, as in the authors' code
_SMALLEST_PART = 6  # samples of a cluster that a split makes; the same
_NEIGHBORS = 3  # clusters that may merge with a cluster; the same
_STARTS = 4  # of two-means
_ROUNDS = 50
_SETTLED = 1e-3  # share of samples that change their cluster


class DirichletProcessMixture(Clustering):
    """A mixture of normal distributions with splits and merges (Ronen et al., CVPR 2022).

    It starts with one component. Expectation maximization alternates with splits of components by
    two-means, and with merges of near ones. A split or a merge takes place if it makes the clusters
    more probable under a Dirichlet process with normal components, so the number of clusters is
    found, whatever `num_clusters` is. The paper accepts others at random, with their odds.

    Above `K_MEANS_VALUES` numbers, it is fitted to a random subset of that size.

    Formula:
        a split: alpha Gamma(n_1) f(X_1) Gamma(n_2) f(X_2) / (Gamma(n) f(X)) > 1, a merge: < 1

    New samples: the posterior probabilities of the components, as all samples.

    Args:
        concentration: alpha > 0. Larger ones make more clusters, but little more.
        prior_scale: the scatter that the prior has seen, as a multiple of the mean variance of a
            feature, > 0. Larger ones make fewer clusters.
        max_em_steps: steps of expectation maximization between splits and merges, >= 1.
    """

    def __init__(self, *, concentration: float, prior_scale: float, max_em_steps: int) -> None:
        self.concentration, self.prior_scale = concentration, prior_scale
        self.max_em_steps = max_em_steps

    def unfitted(self) -> FittedMixture:
        """Return a result without components."""
        return FittedMixture.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Accept any number of samples: the clusters are found."""

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> FittedMixture:
        """Return the components.

        Raises:
            ClusteringError: a covariance is not positive definite.
        """
        seed = draw_seed(generator)
        values = bounded_rows(rows, 1, seed)
        array, mean = centered(values)
        samples = torch.from_numpy(array)
        prior = _prior(samples, self.prior_scale)
        try:
            with reproducible():
                clusters = self._clusters(samples, prior, seed)
            own = moments(samples, _one_hot(clusters))
            means, factors, log_weights = _components(own, prior)
        except RuntimeError as error:
            raise ClusteringError(
                "the covariance of a component is not positive definite: raise prior_scale, now "
                f"{self.prior_scale:g}, or reduce the features by the step pca"
            ) from error
        return FittedMixture(
            (means.to(mean) + mean).to(values), factors.to(mean), log_weights.to(mean)
        )

    def _clusters(self, samples: Tensor, prior: NormalInverseWishart, seed: int) -> Tensor:
        """Return the most probable component (n,) of every sample when no move is left."""
        clusters = torch.zeros(len(samples), dtype=torch.int64)
        for _ in range(_ROUNDS):
            split = _split(samples, clusters, prior, self.concentration, seed)
            split = self._settled(samples, split, prior)
            merged = _merged(samples, split, prior, self.concentration)
            merged = self._settled(samples, merged, prior)
            if torch.equal(merged, clusters):
                break
            clusters = merged
        return clusters

    def _settled(self, samples: Tensor, clusters: Tensor, prior: NormalInverseWishart) -> Tensor:
        """Return clusters (n,) after expectation maximization, without empty ones."""
        weights = _one_hot(clusters)
        for _ in range(self.max_em_steps):
            means, factors, log_weights = _components(moments(samples, weights), prior)
            log_densities = normal_log_densities(samples, means, factors)
            weights = mixture_log_assignments(log_densities, log_weights).exp()
            before, clusters = clusters, weights.argmax(dim=1)
            if (clusters != before).double().mean() < _SETTLED:
                break
        return clusters.unique(return_inverse=True)[1]


def _prior(samples: Tensor, scale: float) -> NormalInverseWishart:
    """Return a prior at the mean of all samples (n, d)."""
    d = samples.shape[1]
    variance = float(samples.var(dim=0, correction=0).mean()) or 1.0  # equal samples: any scale
    scatter = scale * variance * torch.eye(d, dtype=samples.dtype)
    return NormalInverseWishart(samples.mean(dim=0), _STRENGTH, d + 2.0, scatter)


def _components(of: Moments, prior: NormalInverseWishart) -> tuple[Tensor, Tensor, Tensor]:
    """Return the most probable means (k, d), Cholesky factors (k, d, d) and log weights (k,)."""
    means, covariances = most_probable_normals(of, prior)
    return means, torch.linalg.cholesky(covariances), (of.counts / of.counts.sum()).log()


def _split(
    samples: Tensor,
    clusters: Tensor,
    prior: NormalInverseWishart,
    concentration: float,
    seed: int,
) -> Tensor:
    """Return clusters (n,) in which those that are more probable as two are two."""
    result, number = clusters.clone(), int(clusters.max()) + 1
    for cluster in range(number):
        members = (clusters == cluster).nonzero().flatten()
        if len(members) < 2 * _SMALLEST_PART:
            continue
        model = KMeans(2, n_init=_STARTS, random_state=seed)
        halves = torch.from_numpy(model.fit_predict(samples[members].numpy())).long()
        if halves.bincount(minlength=2).min() < _SMALLEST_PART:
            continue
        first, second = _each(moments(samples[members], _one_hot(halves)))
        if log_split_ratios(first, second, prior, concentration) > 0:
            result[members[halves == 1]] = int(result.max()) + 1
    return result


def _merged(
    samples: Tensor, clusters: Tensor, prior: NormalInverseWishart, concentration: float
) -> Tensor:
    """Return clusters (n,) in which pairs that are more probable as one are one.

    A cluster may merge with one of its nearest neighbors, the most probable merge first.
    """
    own = moments(samples, _one_hot(clusters))
    number = len(own.counts)
    distances = torch.cdist(own.means, own.means).fill_diagonal_(torch.inf)
    nearest = distances.topk(min(_NEIGHBORS, number - 1), largest=False).indices
    first = torch.arange(number).repeat_interleave(nearest.shape[1])
    second = nearest.flatten()
    ratios = log_split_ratios(own[first], own[second], prior, concentration)
    result, free = clusters.clone(), torch.ones(number, dtype=torch.bool)
    for pair in ratios.argsort(stable=True).tolist():
        both = torch.stack([first[pair], second[pair]])
        if ratios[pair] < 0 and free[both].all():
            result[clusters == second[pair]] = first[pair]
            free[both] = False
    return result.unique(return_inverse=True)[1]


def _each(of: Moments) -> list[Moments]:
    """Return the moments of every cluster by itself."""
    return [of[torch.tensor([cluster])] for cluster in range(len(of.counts))]


def _one_hot(clusters: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(clusters).double()
