"""Assigning samples by the responsibilities of a mixture's components."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from dcrf.assignment.axes import axes
from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    Fitted,
    centers_of,
    feature_width,
    first_rows,
)
from dcrf.errors import ClusteringError, DataError
from dcrf.functional.mixtures import (
    cauchy_log_densities,
    mixture_log_assignments,
    normal_log_densities,
)
from dcrf.mappings.features import Features
from dcrf.randomness import RandomStreams
from dcrf.storage.sized_later import SizedLater

_SMALLEST_FACTOR = 1e-5
_TRIANGULAR = 3
_CHUNK = 4096
_AXES = {"identity": 0, "spherical": 0, "diagonal": 1, "full": 2}
_DENSITIES = {"normal": normal_log_densities, "cauchy": cauchy_log_densities}


class Mixture(Assignment):
    """Soft assignments are the responsibilities of a mixture of normal or Cauchy distributions.

    The parameters of the mixture are the part `assignment` of the method. Each kind is trainable,
    by optimizers that name the part, or keeps its first values.

    Formula:
        q_ij = pi_j p_j(z_i) / sum_l pi_l p_l(z_i)

    Args:
        features: maps samples to features (n, d).
        n_clusters: k, the number of components.
        distribution: `normal` or `cauchy`.
        means: `start` is `clustering`; `axes`, with `scale` at coordinate k of mean k and `-scale`
            elsewhere; `uniform` in [0, scale]; or `file` with the key `path`. `trainable` or not.
        covariances: `form` is `identity`, `spherical`, `diagonal` or `full`; `start` is `identity`
            or `clustering`, with the covariance within each cluster. `trainable` or not.
        weights: `start` is `uniform` or `clustering`, with the share of each cluster's samples.
            `trainable` or not.
        clustering: of the features, for the starts `clustering`.
        use_mixture_during_phases: names of the phases that use the mixture. It is initialized when
            the first of them starts.
        streams: of the run.
        read_tensor: reads a named tensor from a file.

    Raises:
        ValueError: covariances or weights start by a clustering, and means do not.

    Source: Bishop 2006, section 9.2; fixed means on axes as in
        https://github.com/aciobanusebi/deep-clustering.
    """

    def __init__(
        self,
        *,
        features: Features,
        n_clusters: int,
        distribution: str,
        means: Mapping[str, Any],
        covariances: Mapping[str, Any],
        weights: Mapping[str, Any],
        clustering: Clustering,
        use_mixture_during_phases: Sequence[str],
        streams: RandomStreams,
        read_tensor: Callable[[Path, str], Tensor],
    ) -> None:
        super().__init__()
        self.feature_module, self.n_clusters = features, n_clusters
        self.distribution, self.form = distribution, covariances["form"]
        self.starts = (means, covariances, weights)
        self.clustering, self.streams, self.read_tensor = clustering, streams, read_tensor
        self.phases = frozenset(use_mixture_during_phases)
        by_clusters = [start["start"] == "clustering" for start in self.starts]
        if any(by_clusters) and not by_clusters[0]:
            raise ValueError(
                "covariances and weights of clusters belong to the means of the same clusters: "
                'write "start": "clustering" for the means, too'
            )
        trainable = [start["trainable"] for start in self.starts]
        self.mixture = _Parameters(n_clusters, self.form, trainable)

    def assign(self, samples: Tensor) -> Tensor:
        """Return the log responsibilities (n, k) of the components."""
        self.check_ready()
        return mixture_log_assignments(self.densities(samples), self.mixture.log_weights())

    def densities(self, samples: Tensor) -> Tensor:
        """Return the log densities (n, k) of the components at the features of samples."""
        return self.cached(samples, lambda: self.densities_at(self.features(samples)), "densities")

    def densities_at(self, features: Tensor) -> Tensor:
        """Return the log densities (n, k) of the components at features (n, d)."""
        mixture = self.mixture
        return _DENSITIES[self.distribution](features, mixture.means, mixture.factors())

    def check_normal(self) -> None:
        """Raise ValueError unless the components are normal distributions."""
        if self.distribution != "normal":
            message = "it works with a mixture of normal distributions only"
            raise ValueError(f'{message}: write "distribution": "normal" in the strategy')

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def cluster_centers(self) -> Tensor:
        """Return the means (k, d)."""
        return self.mixture.means

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.mixture.is_initialized:
            return None
        return "the mixture is not initialized yet (see use_mixture_during_phases)"

    def owned(self) -> nn.Module:
        """Return the parameters of the mixture, and the statistics of standardized features."""
        return self.feature_module.with_statistics("mixture", self.mixture)

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Initialize the mixture, if this is the first phase that uses it.

        Raises:
            OptionError: too few feature dimensions for means on axes.
            ClusteringError: a cluster has no variance in some dimension.
            DataError: the file does not hold means of shape (k, d).
        """
        if place.phase not in self.phases:
            return
        if self.mixture.is_initialized:
            self.feature_module.measure_once(data_pass)  # for parameters that a file has set
            return
        rows = self.feature_module.rows(data_pass)
        generator = self.streams.generator("mixture", place.dataset)
        clusters = None
        if "clustering" in (start["start"] for start in self.starts):
            clusters = self.clustering.fit(rows, self.n_clusters, generator)
        means = self._first_means(rows, clusters, generator)
        if first_rows(rows).is_meta:
            means = means.to("meta")
            self.mixture.set_values(means, _unit_factors(means, self.form), self.mixture.logits)
            return
        factors, weights = _unit_factors(means, self.form), means.new_ones(self.n_clusters)
        _, covariances, shares = (start["start"] == "clustering" for start in self.starts)
        if clusters is not None and (covariances or shares):
            within, sizes = _spread(clusters, rows, self.form)
            if covariances:
                _check_positive(within)
                factors = within
            weights = sizes.clamp(min=1) if shares else weights  # an empty cluster may grow
        self.mixture.set_values(means, factors, (weights / weights.sum()).log())

    def _first_means(
        self, rows: FeatureRows, clusters: Fitted | None, generator: Generator
    ) -> Tensor:
        start, k, n_dimensions = self.starts[0], self.n_clusters, feature_width(rows)
        if clusters is not None and start["start"] == "clustering":
            return centers_of(clusters, rows, k)
        if start["start"] == "axes":
            return axes("means", k, n_dimensions, start["scale"])
        if start["start"] == "uniform":
            return torch.rand(k, n_dimensions, generator=generator) * start["scale"]
        means = self.read_tensor(Path(start["path"]), "means")
        if means.shape != (k, n_dimensions):
            raise DataError(
                f"{start['path']} holds means of shape {tuple(means.shape)}, but the method has "
                f"{k} clusters in {n_dimensions} feature dimensions"
            )
        return means


class _Parameters(SizedLater):
    """The parameters of a mixture: of width 0 until it is initialized.

    means: (k, d).
    scales: unconstrained; `factors` maps them to factors of the covariances.
    logits: (k,), of the weights.

    Args:
        n_clusters: k.
        form: `identity`, `spherical`, `diagonal` or `full`.
        trainable: whether optimizers change means, covariances and weights.
    """

    def __init__(self, n_clusters: int, form: str, trainable: Sequence[bool]) -> None:
        super().__init__()
        self.form = form
        means, covariances, weights = trainable
        self.means = nn.Parameter(torch.empty(n_clusters, 0), means)
        shape = (0,) if form == "identity" else (n_clusters, *([0] * _AXES[form]))
        self.scales = nn.Parameter(torch.ones(shape), covariances and form != "identity")
        self.logits = nn.Parameter(torch.zeros(n_clusters), weights)

    @property
    def is_initialized(self) -> bool:
        """Whether the parameters have been set."""
        return self.means.shape[1] > 0

    def set_values(self, means: Tensor, factors: Tensor, log_weights: Tensor) -> None:
        """Set means (k, d), factors of the covariances as in `factors`, and log weights (k,)."""
        self.means.data = means.detach().clone().to(self.means)
        if self.form != "identity":
            self.scales.data = _on_diagonal(factors, _inverse_softplus).to(self.scales)
        self.logits.data = log_weights.detach().clone().to(self.logits)

    def factors(self) -> Tensor:
        """Return factors L of the covariances L L^T: (k,), (k, d) or (k, d, d) for `full`.

        Their diagonals are above 1e-5.
        """
        if self.form == "identity":
            return self.means.new_ones(len(self.means))
        return _on_diagonal(self.scales, lambda values: F.softplus(values) + _SMALLEST_FACTOR)

    def log_weights(self) -> Tensor:
        """Return the log weights (k,); their exp sums to 1."""
        return self.logits.log_softmax(dim=0)


def _inverse_softplus(factors: Tensor) -> Tensor:
    values = factors - _SMALLEST_FACTOR
    return values + (-(-values).expm1()).log()


def _on_diagonal(factors: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply a function to the diagonals of factors."""
    if factors.ndim < _TRIANGULAR:
        return function(factors)
    diagonals = function(factors.diagonal(dim1=1, dim2=2))
    return factors.tril(-1) + torch.diag_embed(diagonals)


def _unit_factors(means: Tensor, form: str) -> Tensor:
    """Return factors of identity matrices in a form, for means (k, d)."""
    k, n_dimensions = means.shape
    if form == "full":
        return torch.eye(n_dimensions).to(means.device).repeat(k, 1, 1)
    return means.new_ones(k, n_dimensions) if form == "diagonal" else means.new_ones(k)


def _spread(clusters: Fitted, rows: FeatureRows, form: str) -> tuple[Tensor, Tensor]:
    """Return factors of the covariances within clusters, in a form, and the clusters' sizes (k,).

    Factors of covariances that are not positive definite have diagonals of 0 or NaN.
    """
    k, n_dimensions = clusters.n_clusters_found, feature_width(rows)
    centers = centers_of(clusters, rows, k).double()
    sizes = torch.zeros(k, dtype=torch.float64)
    scatter = torch.zeros(k, *([n_dimensions] * _AXES[form]), dtype=torch.float64)
    for indices in torch.arange(len(rows)).split(_CHUNK):
        part = rows[indices]
        assignments = clusters.log_assignments(part).double().exp().cpu()
        sizes += assignments.sum(dim=0)
        for cluster in range(k):
            differences = part.double().cpu() - centers[cluster].cpu()
            weighted = differences * assignments[:, cluster, None]
            scatter[cluster] += _scatter(weighted, differences, form)
    covariances = scatter / sizes.reshape(-1, *([1] * _AXES[form]))
    if form == "full":
        factors, errors = torch.linalg.cholesky_ex(covariances)
        factors[errors > 0] = 0
    else:
        factors = (covariances / (n_dimensions if form == "spherical" else 1)).sqrt()
    return factors.float(), sizes.float()


def _check_positive(factors: Tensor) -> None:
    """Raise ClusteringError if a factor of a covariance is singular."""
    diagonals = factors.diagonal(dim1=1, dim2=2) if factors.ndim == _TRIANGULAR else factors
    smallest = diagonals.reshape(len(factors), -1).amin(dim=1)
    if (flat := (~(smallest > _SMALLEST_FACTOR)).nonzero().flatten()).numel():
        raise ClusteringError(
            f"the covariance of cluster {int(flat[0])} is not positive definite: its samples do "
            'not vary in some direction; write "start": "identity" for the covariances, or the '
            "form spherical"
        )


def _scatter(weighted: Tensor, differences: Tensor, form: str) -> Tensor:
    """Return the sum over rows of squares, per dimension (`diagonal`), or of outer products."""
    if form == "full":
        return weighted.T @ differences
    squares = (weighted * differences).sum(dim=0)
    return squares if form == "diagonal" else squares.sum()
