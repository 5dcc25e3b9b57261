"""Assigning samples to the nearest of a falling number of exemplary samples (DipDECK)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import Clustering, all_rows, centers_of, first_rows
from dcrf.functional.assignments import nearest_center_log_assignments
from dcrf.functional.dip_merging import Merged
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.mappings.features import Features
from dcrf.randomness import RandomStreams


class Exemplars(Assignment):
    """Hard assignments to the exemplar with the nearest features.

    Each cluster has an exemplar, a sample of the data set, whose features change with the network.
    The pattern `dip_merging` merges clusters, so that their number is found.

    Formula:
        c(i) = argmin_j |z_i - z_e(j)|, with the exemplar e(j) of cluster j

    Args:
        features: maps samples to features (n, d).
        initial_num_clusters: of the clustering at the start.
        clustering: of the features, for the start.
        use_exemplars_during_phases: names of the phases that use the exemplars, which are
            initialized when the first of them starts.
        streams: of the run.

    Source: Leiber, Bauer, Schelling, Boehm, Plant, KDD 2021, DOI 10.1145/3447548.3467316.
    """

    def __init__(
        self,
        *,
        features: Features,
        initial_num_clusters: int,
        clustering: Clustering,
        use_exemplars_during_phases: Sequence[str],
        streams: RandomStreams,
    ) -> None:
        super().__init__()
        self.feature_module, self.initial_number = features, initial_num_clusters
        self.clustering, self.streams = clustering, streams
        self.phases = frozenset(use_exemplars_during_phases)
        self.exemplars = _Exemplars()

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k): 0 for the nearest exemplar, minus infinity for others."""
        self.check_ready()
        return nearest_center_log_assignments(self.features(samples), self.centers())

    def centers(self) -> Tensor:
        """Return the features (k, d) of the exemplars."""
        return self.features(self.exemplars.samples)

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.exemplars.samples.ndim > 1:
            return None
        return "the exemplars are not chosen yet (see use_exemplars_during_phases)"

    def owned(self) -> nn.Module:
        """Return the exemplars, and the statistics of standardized features."""
        return self.feature_module.with_statistics("exemplars", self.exemplars)

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Choose the exemplars, if this is the first phase that uses them."""
        if place.phase not in self.phases:
            return
        if self.why_not_ready() is None:
            self.feature_module.measure_once(data_pass)  # for exemplars that a file has set
            return
        rows = self.feature_module.rows(data_pass)
        generator = self.streams.generator("exemplars", place.dataset)
        fitted = self.clustering.fit(rows, self.initial_number, generator)
        if first_rows(rows).is_meta:
            samples = data_pass(lambda batch: batch.samples, torch.arange(self.initial_number))
            self.exemplars.set_values(samples, samples.new_empty(len(samples), len(samples)))
            return
        centers = centers_of(fitted, rows, self.initial_number)
        p_values = torch.zeros(len(centers), len(centers))
        self.choose(all_rows(rows), Merged(torch.empty(0), centers, p_values), data_pass)

    def choose(self, features: Tensor, merged: Merged, data_pass: DatasetPass) -> None:
        """Take the samples with the features (N, d) nearest to the means of clusters."""
        nearest = nearest_rows(merged.means.to(features), features)[0].cpu()
        samples = data_pass(lambda batch: batch.samples, nearest)
        self.exemplars.set_values(samples, merged.p_values)


class _Exemplars(nn.Module):
    """The exemplars of k clusters: empty until they are chosen. Loading adopts the saved k.

    samples: (k, *sample_shape).
    p_values: (k, k), of the dip of each pair of clusters.
    """

    samples: Tensor
    p_values: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("samples", torch.empty(0))
        self.register_buffer("p_values", torch.empty(0))

    def set_values(self, samples: Tensor, p_values: Tensor) -> None:
        """Copy samples and p-values."""
        self.samples, self.p_values = samples.clone(), p_values.to(self.p_values)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        for name, tensor in [*self._buffers.items()]:
            saved = state_dict.get(f"{prefix}{name}")
            if tensor is not None and saved is not None:
                self.register_buffer(name, tensor.new_empty(saved.shape))
        super()._load_from_state_dict(state_dict, prefix, *others)
