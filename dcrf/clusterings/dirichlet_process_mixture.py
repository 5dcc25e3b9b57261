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
from dcrf.functional.mixtures import (
    mixture_log_assignments,
    mixture_negative_log_likelihood,
    normal_log_densities,
)
from dcrf.functional.normal_inverse_wishart import (
    Moments,
    NormalInverseWishart,
    log_cluster_weights,
    log_split_ratios,
    moments,
    most_probable_normals,
)
from dcrf.randomness import draw_seed

_STRENGTH = 1e-4  # kappa of the prior, as in the authors' code
_SMALLEST_PART = 6  # samples of a cluster that a split makes; the same
_NEIGHBORS = 2  # other clusters that a cluster may merge with; the same
_STARTS = 4  # of k-means
_TOLERANCE = 1e-3  # nats per sample between two steps of expectation maximization


class DirichletProcessMixture(Clustering):
    """A mixture of normal distributions with splits and merges (Ronen et al., CVPR 2022).

    Splits of components by two-means and merges of near ones alternate with expectation
    maximization, as long as the clusters become more probable under a Dirichlet process with normal
    components. So the number of clusters is found, whatever `num_clusters` is. A split or a merge
    is accepted if H > 1; the paper also accepts one with H < 1, with probability H.

    Above `K_MEANS_VALUES` numbers, it is fitted to a random subset of that size.

    Formula:
        H of a split = alpha Gamma(n_1) f(X_1) Gamma(n_2) f(X_2) / (Gamma(n) f(X)), of a merge 1 / H

    New samples: the posterior probabilities of the components, as all samples.

    Args:
        concentration: alpha > 0. Larger values make slightly more clusters.
        prior_scale: the prior mean of covariances, as a multiple of the mean variance of a feature,
            > 0. Larger values make fewer clusters.
        initial_clusters: the number of components that it starts with, >= 1, from k-means. Many
            groups that together look like one normal distribution are not found from one.
        max_em_steps: steps of expectation maximization after splits and after merges, >= 1.
    """

    def __init__(
        self,
        *,
        concentration: float,
        prior_scale: float,
        initial_clusters: int,
        max_em_steps: int,
    ) -> None:
        self.concentration, self.prior_scale = concentration, prior_scale
        self.initial_clusters, self.max_em_steps = initial_clusters, max_em_steps

    def unfitted(self) -> FittedMixture:
        """Return a result without components."""
        return FittedMixture.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Set no minimum: the number of clusters does not depend on `num_clusters`."""

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
                weights = self._weights(samples, prior, seed)
            means, factors, log_weights = _components(moments(samples, weights), prior)
        except torch.linalg.LinAlgError as error:
            raise ClusteringError(
                "the covariance of a component is not positive definite: raise prior_scale, now "
                f"{self.prior_scale:g}, or reduce the features by the step pca"
            ) from error
        return FittedMixture(
            (means.to(mean) + mean).to(values), factors.to(mean), log_weights.to(mean)
        )

    def _weights(self, samples: Tensor, prior: NormalInverseWishart, seed: int) -> Tensor:
        """Return the probabilities (n, k) of the components when no move helps any more."""
        number = min(self.initial_clusters, len(samples))
        best = self._settled(samples, _k_means(samples, number, seed), prior)
        probability = self._log_probability(samples, best, prior)
        while True:
            split = _split(samples, best.argmax(dim=1), prior, self.concentration, seed)
            weights = self._settled(samples, split, prior)
            merged = _merged(samples, weights.argmax(dim=1), prior, self.concentration)
            weights = self._settled(samples, merged, prior)
            before, probability = probability, self._log_probability(samples, weights, prior)
            if probability <= before:
                return best
            best = weights

    def _log_probability(
        self, samples: Tensor, weights: Tensor, prior: NormalInverseWishart
    ) -> float:
        """Return the log probability of the clusters, up to a constant."""
        own = moments(samples, _one_hot(weights.argmax(dim=1)))
        return float(log_cluster_weights(own, prior, self.concentration).sum())

    def _settled(self, samples: Tensor, clusters: Tensor, prior: NormalInverseWishart) -> Tensor:
        """Return the probabilities (n, k) after expectation maximization from clusters (n,).

        Components that are the most probable one of no sample are left out.
        """
        weights, before = _one_hot(clusters), torch.inf
        for _ in range(self.max_em_steps):
            means, factors, log_weights = _components(moments(samples, weights), prior)
            log_densities = normal_log_densities(samples, means, factors)
            loss = float(mixture_negative_log_likelihood(log_densities, log_weights))
            log_assignments = mixture_log_assignments(log_densities, log_weights)
            used = log_assignments.argmax(dim=1).unique()
            weights = log_assignments[:, used].softmax(dim=1)
            if before - loss < _TOLERANCE and len(used) == len(means):
                break
            before = loss
        return weights


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
    """Return clusters (n,) after a split of each one that is more probable as two."""
    result, number = clusters.clone(), int(clusters.max()) + 1
    for cluster in range(number):
        members = (clusters == cluster).nonzero().flatten()
        if len(members) < 2 * _SMALLEST_PART:
            continue
        parts = _k_means(samples[members], 2, seed)
        if parts.bincount(minlength=2).min() < _SMALLEST_PART:  # none for equal samples
            continue
        own = moments(samples[members], _one_hot(parts))
        first, second = (own[torch.tensor([part])] for part in range(2))
        if log_split_ratios(first, second, prior, concentration) > 0:
            result[members[parts == 1]] = int(result.max()) + 1
    return result


def _merged(
    samples: Tensor, clusters: Tensor, prior: NormalInverseWishart, concentration: float
) -> Tensor:
    """Return clusters (n,) after merges of pairs of near ones that are more probable as one.

    Each cluster merges once at most, the most probable merge first.
    """
    own = moments(samples, _one_hot(clusters))
    number = len(own.counts)
    distances = torch.cdist(own.means, own.means, compute_mode="donot_use_mm_for_euclid_dist")
    distances.fill_diagonal_(torch.inf)
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


def _k_means(samples: Tensor, n_clusters: int, seed: int) -> Tensor:
    """Return the cluster (n,) of every sample."""
    model = KMeans(n_clusters, n_init=_STARTS, random_state=seed)
    clusters = torch.from_numpy(model.fit_predict(samples.numpy())).long()
    return clusters.unique(return_inverse=True)[1]  # equal samples are one cluster


def _one_hot(clusters: Tensor) -> Tensor:
    """Return (n, k) in float64: 1 for the cluster of each sample."""
    return torch.eye(int(clusters.max()) + 1, dtype=torch.float64)[clusters]
