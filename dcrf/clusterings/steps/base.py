"""Base classes of the steps before a clustering, and the clustering that follows a step."""

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    Fitted,
    all_rows,
    feature_width,
    parts_of,
    reproducible,
)
from dcrf.errors import ClusteringError
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.functional.principal_axes import principal_axes, principal_axes_of_few
from dcrf.safety.memory import free_memory, gib
from dcrf.storage.sized_later import SizedLater


class ClusteringStep:
    """A transformation of rows before they are clustered: a `Transformation` or an `Embedding`."""

    def wrap(self, clustering: Clustering) -> Clustering:
        """Return the clustering of rows that this step has transformed."""
        raise NotImplementedError

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the width of transformed rows.

        Raises:
            ClusteringError: so many samples or features cannot be transformed.
        """
        raise NotImplementedError


class FittedStep(SizedLater):
    """A transformation of rows, those of the fit and new ones. All of its values are buffers."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the transformed rows (n, m) of features (n, d), in their precision."""
        raise NotImplementedError


class Transformation(ClusteringStep):
    """A step that transforms new samples like those of its fit."""

    def wrap(self, clustering: Clustering) -> Clustering:
        """Return the clustering of rows that this step has transformed."""
        return _AfterTransformation(self, clustering)

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the transformation that is fitted to rows (n, d) of finite values.

        The generator, on the CPU, draws all random numbers.
        """
        raise NotImplementedError

    def unfitted(self) -> FittedStep:
        """Return a transformation that can load the state of one that `fit` returned."""
        raise NotImplementedError


class Embedding(ClusteringStep):
    """A step that has an image of each sample of its fit, but of no new sample.

    New samples are assigned like their nearest sample of the fit, in the features that the step
    received.
    """

    def wrap(self, clustering: Clustering) -> Clustering:
        """Return the clustering of the images of samples."""
        return _AfterEmbedding(self, clustering)

    def embed(self, rows: FeatureRows, generator: Generator) -> Tensor:
        """Return the images (n, m) of rows (n, d) of finite values."""
        raise NotImplementedError


class ClustersAfterStep(Fitted):
    """Assignments of transformed rows.

    Args:
        step: transforms rows.
        clusters: of transformed rows.
    """

    def __init__(self, step: FittedStep, clusters: Fitted) -> None:
        super().__init__()
        self.step, self.clusters = step, clusters

    @property
    def n_clusters_found(self) -> int:
        """The number of clusters, k."""
        return self.clusters.n_clusters_found

    def log_assignments(self, features: Tensor) -> Tensor:
        """Return the log-assignments (n, k) of the transformed features (n, d)."""
        return self.clusters.log_assignments(self.step(features))


class AssignedSamples(Fitted):
    """The assignment of the nearest of the samples that were clustered.

    Args:
        samples: (m, d).
        assignments: (m, k), their log-assignments.
    """

    samples: Tensor
    assignments: Tensor

    def __init__(self, samples: Tensor, assignments: Tensor) -> None:
        super().__init__()
        self.register_buffer("samples", samples)
        self.register_buffer("assignments", assignments)

    @property
    def n_clusters_found(self) -> int:
        """The number of clusters, k."""
        return self.assignments.shape[1]

    def log_assignments(self, features: Tensor) -> Tensor:
        """Return the log-assignments (n, k) of the samples nearest to features (n, d)."""
        nearest, _ = nearest_rows(features, self.samples)
        return self.assignments[nearest].to(features.dtype)


def check_axes_fit(n_samples: int, n_features: int) -> None:
    """Raise ClusteringError if the principal axes of so many rows would not fit into memory."""
    smaller = min(n_samples, n_features)
    values = 3 * smaller**2 + (2 * n_samples * n_features if n_samples <= n_features else 0)
    needed, free = 8 * values, free_memory()
    if needed > free:
        raise ClusteringError(
            f"the principal axes of {n_samples:,} samples of {n_features:,} features need "
            f"{gib(needed)} of memory, and {gib(free)} are free; take narrower features"
        )


def axes_of(rows: FeatureRows) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean (d,), variances (m,) and principal axes (m, d) of rows (n, d), m = min(n, d).

    They are in float64. Rows are read in parts if n > d, so that memory grows with d^2 only.
    """
    n, n_features = len(rows), feature_width(rows)
    shift = rows[parts_of(torch.arange(n))[0]].double().mean(dim=0)
    with reproducible():
        if n <= n_features:
            values = all_rows(rows).double()
            mean = values.mean(dim=0)
            variances, axes = principal_axes_of_few((values - mean).cpu().numpy())
        else:
            total, products = torch.zeros_like(shift), shift.new_zeros(n_features, n_features)
            for part in parts_of(torch.arange(n)):
                values = rows[part].double() - shift
                total += values.sum(dim=0)
                products += values.T @ values
            mean = shift + total / n
            products -= total.outer(total) / n
            variances, axes = principal_axes(products.cpu().numpy(), n)
    return mean, torch.from_numpy(variances.copy()).to(shift), torch.from_numpy(axes).to(shift)


class _AfterStep(Clustering):
    def __init__(self, step: ClusteringStep, clustering: Clustering) -> None:
        self.step, self.clustering = step, clustering

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        self.clustering.check_number(n_samples, n_clusters)

    def check_size(self, n_samples: int, n_features: int) -> None:
        self.clustering.check_size(n_samples, self.step.width(n_samples, n_features))


class _AfterTransformation(_AfterStep):
    step: Transformation

    def unfitted(self) -> Fitted:
        return ClustersAfterStep(self.step.unfitted(), self.clustering.unfitted())

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> Fitted:
        step = self.step.fit(rows, generator)
        clusters = self.clustering.fit(_TransformedRows(rows, step), n_clusters, generator)
        return ClustersAfterStep(step, clusters)


class _AfterEmbedding(_AfterStep):
    step: Embedding

    def unfitted(self) -> Fitted:
        return AssignedSamples(torch.empty(0, 0), torch.empty(0, 0))

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> Fitted:
        samples = all_rows(rows)
        images = self.step.embed(samples, generator)
        clusters = self.clustering.fit(images, n_clusters, generator)
        return AssignedSamples(samples, clusters.log_assignments(images))


class _TransformedRows:
    """Rows that are transformed when they are read, in parts, so that memory stays bounded."""

    def __init__(self, rows: FeatureRows, step: FittedStep) -> None:
        self.rows, self.step = rows, step

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: Tensor) -> Tensor:
        return torch.cat([self.step(self.rows[part]) for part in parts_of(indices)])
