"""A pass over samples that hands on each batch with its clusters."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.evaluation.metrics.base import NOISE, Labels
from dcrf.functional.assignments import most_probable_clusters
from dcrf.mappings.forward_cache import cached_forwards
from dcrf.training.interfaces import DataSource
from dcrf.training.method import Method


class AssignedBatch(NamedTuple):
    """The clusters of n samples.

    indices: (n,) int64, their numbers in the data set.
    clusters: (n,) int64, `NOISE` for noise.
    probabilities: (n, k) float32, of every cluster; rows of zeros are noise.
    distances: (n,) float32, from the features of each sample to the center of its cluster, NaN for
        noise; None if clusters have no centers.
    features: (n, d) float32, in which clusters are formed; None unless they were asked for.
    """

    indices: NDArray[np.int64]
    clusters: Labels
    probabilities: NDArray[np.float32]
    distances: NDArray[np.float32] | None
    features: NDArray[np.float32] | None = None


UseBatch = Callable[[AssignedBatch], None]
"""Takes the batches of a pass, in the order of the samples."""


def assign_batches(
    method: Method,
    source: DataSource,
    uses: Sequence[UseBatch],
    clusters: Labels | None = None,
    *,
    with_features: bool = False,
) -> Labels:
    """Assign all samples in one pass, and hand on each batch. Memory grows by clusters only.

    Args:
        method: of samples; it is in evaluation mode during the pass.
        source: of the samples.
        uses: take each batch.
        clusters: (N,) of the samples if they are known; None for the most probable ones.
        with_features: whether batches have features.

    Returns:
        (N,) int64, the clusters.

    Raises:
        TrainingError: the method cannot assign samples.
    """
    assignment, cached = method.assignment, method.cached_modules()
    assignment.check_ready()
    centers = assignment.cluster_centers()
    known = None if clusters is None else torch.from_numpy(clusters)

    def assign(batch: Batch) -> Tensor:
        with cached_forwards(cached):
            own = None if known is None else known[batch.indices.cpu()].to(batch.samples.device)
            assigned = _assigned(assignment, centers, batch, own, with_features)
        for use in uses:
            use(assigned)
        return torch.from_numpy(assigned.clusters)

    return method.pass_over(source)(assign).numpy()


def _assigned(
    assignment: Assignment,
    centers: Tensor | None,
    batch: Batch,
    clusters: Tensor | None,
    with_features: bool,
) -> AssignedBatch:
    log_assignments = assignment(batch.samples)
    if clusters is None:
        clusters = most_probable_clusters(log_assignments)
    distances = features = None
    if centers is not None or with_features:
        features = assignment.features(batch.samples)
    if centers is not None and features is not None:
        distances = (features - centers[clusters.clamp(min=0)]).norm(dim=1)
        distances = distances.masked_fill(clusters == NOISE, torch.nan).float().cpu().numpy()
    return AssignedBatch(
        batch.indices.cpu().numpy(),
        clusters.cpu().numpy(),
        log_assignments.exp().float().cpu().numpy(),
        distances,
        features.float().cpu().numpy() if with_features and features is not None else None,
    )
