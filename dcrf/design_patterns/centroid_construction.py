"""Constructing centroids in place of samples that are clear enough (DynAE)."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from dcrf.assignment.centroids import Centroids
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.clusterings.base import Clustering
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.assignments import student_t_log_assignments
from dcrf.functional.centroid_construction import (
    Thresholds,
    first_thresholds,
    is_clear,
    lowered,
)
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.functional.reconstruction import squared_error
from dcrf.mappings.features import Features
from dcrf.mappings.late_buffers import LateBuffers
from dcrf.mappings.mapping import TrainableMapping


class CentroidConstruction(LateBuffers, DesignPattern):
    """An autoencoder whose targets are centroids for clear samples, and the samples for others.

    A sample is clear if its Student-t assignment in the default view, and the lead over the second
    one, exceed two thresholds. Its code is then drawn to its centroid, and its reconstruction to
    the decoded centroid. An unclear sample is drawn to its own code and to itself. Codes and
    reconstructions are those of the view that the pattern names, targets those of the default view.

    At the first iteration, each centroid becomes the code of the sample nearest to it. Every
    interval, the unclear samples are counted. Unless they have become fewer, the codes are
    clustered again, numbered like the centroids that they continue, and the thresholds fall.

    Formula:
        L_code = 1/(n d) sum_i |z_i - t_i|^2
        L_sample = 1/(n D) sum_i |decoder(z_i) - s_i|^2
        t_i = mu_c and s_i = decoder(mu_c) of the nearest centroid c if the sample is clear:
            q_ic > beta_1 and q_ic - max_(j != c) q_ij > beta_2; else the clean code and sample

    Losses:
        code: squared units of the features, >= 0, the mean over samples and dimensions.
        sample: squared units of the samples, >= 0, the mean over samples and elements.
            Gradients flow into encoder and decoder, never into targets.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); centroids (k, d), and decoded (k, ...) with
        as many elements as a sample. A checkpoint keeps decoded centroids and thresholds.

    Args:
        features: maps samples to the feature space of the centroids.
        decoder: maps features to samples.
        centroids: (k, d), initialized. Only this pattern changes them.
        confidence: kappa > 0; thresholds start at kappa / k and kappa / 2k.
        update_interval: iterations between counts of the unclear samples.
        clustering: of the features, for new centroids.
        generator: of that clustering.

    Source: Mrabah, Khan, Ksantini, Lachiri, Neural Networks 2020, https://arxiv.org/abs/1901.07752;
        the authors' code, https://github.com/nairouz/DynAE, for the fall of the thresholds.
    """

    loss_names = ("code", "sample")
    late_buffers = ("decoded",)
    decoded: Tensor | None
    thresholds: Tensor
    n_unclear: Tensor

    def __init__(
        self,
        *,
        features: Features,
        decoder: TrainableMapping,
        centroids: Centroids,
        confidence: float,
        update_interval: int,
        clustering: Clustering,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.features, self.decoder, self.centroids = features, decoder, centroids
        self.interval, self.clustering, self.generator = update_interval, clustering, generator
        self.n_clusters = len(centroids.values)
        start = first_thresholds(confidence, self.n_clusters)
        self.register_buffer("thresholds", torch.tensor(start, dtype=torch.float64))
        self.register_buffer("n_unclear", torch.tensor(-1))

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Count the unclear samples if that is due, and form new centroids if they do not fall."""
        if self.decoded is not None and not clock.due(self.interval):
            return
        features = data_pass(lambda batch: self.features(batch.samples))
        if features.is_meta:
            self.decoded = data_pass(self._reconstructed, torch.arange(self.n_clusters))
            return
        if self.decoded is None:
            self._move_to_samples(features, data_pass)
        n_unclear = len(features) - int(self._is_clear(features).sum())
        before = len(features) if self.n_unclear < 0 else int(self.n_unclear)
        if n_unclear >= before:
            self.centroids.recluster(features, self.clustering, self.generator)
            self._move_to_samples(features, data_pass)
            fallen = lowered(Thresholds(*self.thresholds.tolist()), self.n_clusters)
            self.thresholds.copy_(self.thresholds.new_tensor(fallen))
        self.n_unclear.fill_(n_unclear)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the errors of the codes and of the reconstructions of a batch."""
        if self.decoded is None:
            raise RuntimeError("before_iteration has not been called: it decodes the centroids")
        clean = self.features(batch.clean).detach()
        clear, nearest = self._is_clear(clean), self._log_assignments(clean).argmax(dim=1)
        codes = torch.where(clear[:, None], self.centroids.values.detach()[nearest], clean)
        decoded = self.decoded.flatten(1)[nearest]
        targets = torch.where(clear[:, None], decoded, batch.clean.flatten(1))
        features = self.features(batch.samples)
        outputs = self.decoder(features)
        return {
            "code": F.mse_loss(features, codes),
            "sample": squared_error(outputs, targets, "mean_across_elements"),
        }

    def _move_to_samples(self, features: Tensor, data_pass: DatasetPass) -> None:
        """Move each centroid to the nearest of features (N, d), and decode them."""
        nearest = nearest_rows(self.centroids.values.detach().to(features), features)[0]
        self.centroids.set_values(features[nearest])
        self.decoded = data_pass(self._reconstructed, nearest.cpu())

    def _reconstructed(self, batch: Batch) -> Tensor:
        return self.decoder(self.features(batch.samples))

    def _log_assignments(self, features: Tensor) -> Tensor:
        return student_t_log_assignments(features, self.centroids.values.detach())

    def _is_clear(self, features: Tensor) -> Tensor:
        first, margin, *_ = self.thresholds.tolist()
        return is_clear(self._log_assignments(features).exp(), first, margin)
