"""Learning invariance to perturbations by self-augmented training (IMSAT, VAT)."""

import torch
from torch import Generator, Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError
from dcrf.functional.neighbors import nearest_neighbors, neighbor_distances
from dcrf.functional.perturbations import (
    adversarial_directions,
    along,
    divergence_from_targets,
    unit_directions,
)
from dcrf.mappings.batch_statistics import running_statistics_kept
from dcrf.mappings.late_buffers import LateBuffers


class SelfAugmentation(LateBuffers, DesignPattern):
    """KL divergence between the assignments of samples and of perturbed samples.

    A perturbation is another view of the sample, or a step in a direction in sample space: a random
    one, or the one in which the assignment changes most. The length of the step is a factor times
    the distance of the sample to a near neighbor. These distances are measured once, before the
    first iteration of the phase, in the default view; that takes the samples of the whole data set
    in memory.

    Formula:
        L = 1/n sum_i KL(q(x_i) || q(x_i + r_i)), with q(x_i) a constant
        r_i maximizes the divergence among steps of its length, or is random, or a view

    Losses:
        divergence: KL(p || q) in nats per sample, >= 0, with p the assignment of the sample and q
            that of the perturbed sample. Gradient flows through q only, so it equals that of the
            paper's cross-entropy.

    Shapes:
        view `first` (n, *sample_shape), and view `second` if the perturbation is a view ->
        log-assignments (n, k) each. Radii (N,) of all samples, which a checkpoint keeps. The
        perturbed samples do not enter the running statistics of BatchNorm.

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        perturbation: `view`, `random` or `adversarial`.
        radius_factor: alpha, > 0. None for the perturbation `view`.
        radius_num_neighbors: the radius is alpha times the distance to the neighbor of this rank,
            from 1. None for `view`.
        probe_radius: xi, > 0, the length in units of the samples at which `adversarial` measures
            how an assignment changes. None for other perturbations.
        num_power_iterations: of `adversarial`, at least 1. None for other perturbations.
        generator: draws the directions.

    Raises:
        OptionError: the data set has too few samples for the neighbor.

    Source: Hu et al., ICML 2017, section 3, https://arxiv.org/abs/1702.08720, with the radii of
        its experiments; Miyato et al., https://arxiv.org/abs/1704.03976, section 3.3.
    """

    loss_names = ("divergence",)
    late_buffers = ("radii",)
    radii: Tensor | None

    def __init__(
        self,
        *,
        assignment: Assignment,
        perturbation: str,
        generator: Generator,
        radius_factor: float | None = None,
        radius_num_neighbors: int | None = None,
        probe_radius: float | None = None,
        num_power_iterations: int | None = None,
    ) -> None:
        super().__init__()
        self.assignment, self.perturbation = assignment, perturbation
        self.factor, self.rank = radius_factor, radius_num_neighbors
        self.probe_radius, self.num_power_iterations = probe_radius, num_power_iterations
        self.generator = generator

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Measure the radii if they are needed and that has not happened yet."""
        if self.rank is None or self.factor is None or self.radii is not None:
            return
        if self.rank >= data_pass.n_samples:
            raise OptionError(
                "radius_num_neighbors",
                f"neighbor {self.rank} of each sample needs at least {self.rank + 1} samples, but "
                f"the data set has {data_pass.n_samples}",
            )
        samples = data_pass(lambda batch: batch.samples.flatten(1))
        farthest = nearest_neighbors(samples, self.rank, "euclidean")[:, -1:]
        self.radii = self.factor * neighbor_distances(samples, farthest).squeeze(1)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the divergence of the assignments of perturbed samples."""
        log_targets = self.assignment(batch.views["first"]).detach()
        with running_statistics_kept(self.assignment):
            perturbed = self._perturbed(batch, log_targets)
            divergence = divergence_from_targets(log_targets, self.assignment(perturbed))
        return {"divergence": divergence}

    def _perturbed(self, batch: Batch, log_targets: Tensor) -> Tensor:
        if self.perturbation == "view":
            return batch.views["second"]
        if self.radii is None:
            raise RuntimeError("before_iteration has not been called: it measures the radii")
        samples = batch.views["first"]
        directions = self._random_directions(samples, batch.indices)
        if self.probe_radius is not None and self.num_power_iterations is not None:
            directions = adversarial_directions(
                self.assignment,
                samples,
                log_targets,
                directions,
                self.probe_radius,
                self.num_power_iterations,
            )
        return samples + along(directions, self.radii[batch.indices.to(self.radii.device)])

    def _random_directions(self, samples: Tensor, indices: Tensor) -> Tensor:
        draws = torch.randn(samples.shape, generator=self.generator).to(samples)
        # in the order of the indices, so that a draw does not depend on the place in the batch
        return unit_directions(draws[indices.to(draws.device).argsort().argsort()])
