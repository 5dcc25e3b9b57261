"""The conjugate prior of a normal distribution with an unknown mean and covariance.

Source: Murphy, Machine Learning: A Probabilistic Perspective, 2012, section 4.6.3.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


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
    """What k clusters of samples (n, d) tell about their normal distributions.

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
    """Return the moments of each cluster of `first` together with the same one of `second`."""
    counts = first.counts + second.counts
    difference = second.means - first.means
    share = (second.counts / counts).unsqueeze(1)
    between = torch.einsum("k,ki,kj->kij", first.counts * share[:, 0], difference, difference)
    return Moments(
        counts, first.means + share * difference, first.scatters + second.scatters + between
    )


def posterior_scatters(of: Moments, prior: NormalInverseWishart) -> Tensor:
    """Return S_n = S + scatter + kappa n / (kappa + n) (mean - m) (mean - m)^T, (k, d, d).

    Source: Murphy 2012, eq. 4.214.
    """
    factors = prior.strength * of.counts / (prior.strength + of.counts)
    difference = of.means - prior.mean
    between = torch.einsum("k,ki,kj->kij", factors, difference, difference)
    return prior.scatter + of.scatters + between


def most_probable_normals(of: Moments, prior: NormalInverseWishart) -> tuple[Tensor, Tensor]:
    """Return the means (k, d) and covariances (k, d, d) of the mode of the posterior.

    m_n = (kappa m + n mean) / (kappa + n), and S_n / (nu + n + d + 2).

    Source: Murphy 2012, eq. 4.210 and 4.215.
    """
    weights = (of.counts / (prior.strength + of.counts)).unsqueeze(1)
    means = prior.mean + weights * (of.means - prior.mean)
    degrees = prior.degrees + of.counts + len(prior.mean) + 2
    return means, posterior_scatters(of, prior) / degrees[:, None, None]


def log_marginal_likelihoods(of: Moments, prior: NormalInverseWishart) -> Tensor:
    """Return (k,): the log density of the samples of each cluster, without its mean or covariance.

    log f = -n d / 2 log pi + log Gamma_d(nu_n / 2) - log Gamma_d(nu / 2) + nu / 2 log|S|
    - nu_n / 2 log|S_n| + d / 2 log(kappa / kappa_n), with nu_n = nu + n and kappa_n = kappa + n.

    Source: Murphy, Conjugate Bayesian analysis of the Gaussian distribution, 2007, eq. 266.
    """
    d = len(prior.mean)
    strengths, degrees = prior.strength + of.counts, prior.degrees + of.counts
    before = torch.tensor(prior.degrees / 2, dtype=degrees.dtype)
    return (
        -d / 2 * math.log(math.pi) * of.counts
        + torch.mvlgamma(degrees / 2, d)
        - torch.mvlgamma(before, d)
        + prior.degrees / 2 * torch.logdet(prior.scatter)
        - degrees / 2 * torch.logdet(posterior_scatters(of, prior))
        + d / 2 * (math.log(prior.strength) - strengths.log())
    )


def log_split_ratios(
    first: Moments, second: Moments, prior: NormalInverseWishart, concentration: float
) -> Tensor:
    """Return (k,): the log odds that samples are two clusters of a Dirichlet process, not one.

    log H = log alpha + log Gamma(n_1) + log f_1 + log Gamma(n_2) + log f_2 - log Gamma(n) - log f.
    The log Hastings ratio of a merge is -log H.

    Args:
        first: of the one part of each cluster.
        second: of its other part.
        prior: of all clusters.
        concentration: alpha of the Dirichlet process, > 0.

    Source: Chang and Fisher, NeurIPS 2013, https://papers.nips.cc/paper/5162, as in Ronen et al.,
        CVPR 2022, https://arxiv.org/abs/2203.14309.
    """
    whole = pooled(first, second)

    def terms(of: Moments) -> Tensor:
        return torch.lgamma(of.counts) + log_marginal_likelihoods(of, prior)

    return math.log(concentration) + terms(first) + terms(second) - terms(whole)
