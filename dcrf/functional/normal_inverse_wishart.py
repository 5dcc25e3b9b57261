"""The conjugate prior of a normal distribution with an unknown mean and covariance.

Source: Murphy, Conjugate Bayesian analysis of the Gaussian distribution, 2007, section 9,
https://www.cs.ubc.ca/~murphyk/Papers/bayesGauss.pdf.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dcrf.functional.mixtures import log_determinants


@dataclass(frozen=True, slots=True)
class NormalInverseWishart:
    """The prior NIW(m, kappa, nu, S) of the mean and the covariance of a normal distribution.

    mean: m, (d,).
    strength: kappa > 0, the number of samples that the mean counts for.
    degrees: nu > d - 1, the number of samples that the scatter counts for.
    scatter: S, (d, d), positive definite.
    """

    mean: Tensor
    strength: float
    degrees: float
    scatter: Tensor


@dataclass(frozen=True, slots=True)
class Moments:
    """Counts, means and scatter matrices of k clusters of samples (n, d).

    counts: (k,), > 0, sums of weights.
    means: (k, d).
    scatters: (k, d, d), weighted sums of (x - mean) (x - mean)^T.
    """

    counts: Tensor
    means: Tensor
    scatters: Tensor

    def __getitem__(self, clusters: Tensor) -> "Moments":
        """Return those of some clusters."""
        return Moments(self.counts[clusters], self.means[clusters], self.scatters[clusters])


def moments(samples: Tensor, weights: Tensor) -> Moments:
    """Return the moments of clusters.

    Args:
        samples: (n, d).
        weights: (n, k), >= 0, of each sample in each cluster; no column is 0.
    """
    counts = weights.sum(dim=0)
    means = weights.T @ samples / counts.unsqueeze(1)
    scatters = []
    for mean, column in zip(means, weights.T, strict=True):  # (n, k, d) would take k times as much
        differences = samples - mean
        scatters.append((differences * column.unsqueeze(1)).T @ differences)
    return Moments(counts, means, torch.stack(scatters))


def pooled(first: Moments, second: Moments) -> Moments:
    """Return the moments of the union of cluster i of `first` and cluster i of `second`."""
    counts = first.counts + second.counts
    difference = second.means - first.means
    share = (second.counts / counts).unsqueeze(1)
    between = torch.einsum("k,ki,kj->kij", first.counts * share[:, 0], difference, difference)
    return Moments(
        counts, first.means + share * difference, first.scatters + second.scatters + between
    )


def posterior_scatters(of: Moments, prior: NormalInverseWishart) -> Tensor:
    """Return S_n = S + scatter + kappa n / (kappa + n) (mean - m) (mean - m)^T, (k, d, d).

    Source: Murphy 2007, eq. 254.
    """
    factors = prior.strength * of.counts / (prior.strength + of.counts)
    difference = of.means - prior.mean
    between = torch.einsum("k,ki,kj->kij", factors, difference, difference)
    return prior.scatter + of.scatters + between


def most_probable_normals(of: Moments, prior: NormalInverseWishart) -> tuple[Tensor, Tensor]:
    """Return the means (k, d) and covariances (k, d, d) of the mode of the posterior.

    m_n = (kappa m + n mean) / (kappa + n), and S_n / (nu + n + d + 2).

    Source: Murphy 2007, eq. 251; Murphy, Machine Learning: A Probabilistic Perspective, 2012,
        eq. 4.215.
    """
    weights = (of.counts / (prior.strength + of.counts)).unsqueeze(1)
    means = prior.mean + weights * (of.means - prior.mean)
    degrees = prior.degrees + of.counts + len(prior.mean) + 2
    return means, posterior_scatters(of, prior) / degrees[:, None, None]


def log_marginal_likelihoods(of: Moments, prior: NormalInverseWishart) -> Tensor:
    """Return (k,): the log marginal likelihood of the samples of each cluster.

    The mean and the covariance are integrated out.

    log f = -n d / 2 log pi + log Gamma_d(nu_n / 2) - log Gamma_d(nu / 2) + nu / 2 log|S|
    - nu_n / 2 log|S_n| + d / 2 log(kappa / kappa_n), with nu_n = nu + n and kappa_n = kappa + n.

    Source: Murphy 2007, eq. 266.
    """
    d = len(prior.mean)
    strengths, degrees = prior.strength + of.counts, prior.degrees + of.counts
    before = torch.tensor(prior.degrees / 2, dtype=degrees.dtype)
    factors = torch.linalg.cholesky(posterior_scatters(of, prior))
    prior_factors = torch.linalg.cholesky(prior.scatter).unsqueeze(0)
    return (
        -d / 2 * math.log(math.pi) * of.counts
        + torch.mvlgamma(degrees / 2, d)
        - torch.mvlgamma(before, d)
        + prior.degrees * log_determinants(prior_factors, d)
        - degrees * log_determinants(factors, d)
        + d / 2 * (math.log(prior.strength) - strengths.log())
    )


def log_cluster_weights(of: Moments, prior: NormalInverseWishart, concentration: float) -> Tensor:
    """Return (k,): log alpha + log Gamma(n) + log f(X) of each cluster of a Dirichlet process.

    Their sum is the log probability of a partition of samples, up to a constant.

    Args:
        of: of the clusters.
        prior: of every cluster.
        concentration: alpha of the Dirichlet process, > 0.

    Source: Chang and Fisher, NeurIPS 2013, https://papers.nips.cc/paper/5162.
    """
    likelihoods = log_marginal_likelihoods(of, prior)
    return math.log(concentration) + torch.lgamma(of.counts) + likelihoods


def log_split_ratios(
    first: Moments, second: Moments, prior: NormalInverseWishart, concentration: float
) -> Tensor:
    """Return (k,): the log odds that samples are two clusters of a Dirichlet process, not one.

    log H = log(alpha Gamma(n_1) f(X_1) Gamma(n_2) f(X_2) / (Gamma(n) f(X))). The log Hastings ratio
    of a merge is -log H.

    Args:
        first: of the first part of each cluster.
        second: of its second part.
        prior: of every cluster.
        concentration: alpha of the Dirichlet process, > 0.

    Source: Chang and Fisher, NeurIPS 2013, https://papers.nips.cc/paper/5162, as in Ronen et al.,
        CVPR 2022, https://arxiv.org/abs/2203.14309.
    """
    parts = [log_cluster_weights(of, prior, concentration) for of in (first, second)]
    return parts[0] + parts[1] - log_cluster_weights(pooled(first, second), prior, concentration)
