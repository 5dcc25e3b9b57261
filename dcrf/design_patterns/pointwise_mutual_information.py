"""Encouraging cluster formation by pointwise mutual information of neighbors (TEMI)."""

import copy

import torch
from torch import Generator, Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.pointwise_information import (
    negative_pointwise_information,
    same_cluster_probability,
)
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.neighbors import NeighborDraws


class PointwiseMutualInformation(DesignPattern):
    """Negative pointwise mutual information of the assignments of a sample and of a neighbor.

    The student is the assignment; the teacher is a running mean of its parameters, and runs in the
    mode of the student, so that frozen parts stay in evaluation mode. Prior mappings of a
    classifier, such as a frozen feature extractor, are shared by both. Each pair is weighted
    by the probability that the teacher assigns it to one cluster. The paper averages this weight
    over many heads; here it is that of the head itself.

    Formula:
        L = -mean of w log sum_c (p_c q'_c)^beta / s_c, over both directions of each pair
        w = sum_c q_c q'_c, with p of the student, q of the teacher, and s the mean of q

    Losses:
        information: -w log sum_c (p(c|x) q(c|x'))^beta / s(c) in nats, with p of the student, q of
            the teacher, and s a running mean of the teacher's assignments; the mean over samples
            and over both directions of a pair. It may be negative. Gradient flows into the student.

    Shapes:
        samples (n, *sample_shape) and companions (n, 1, *sample_shape) -> log-assignments (n, k).
        Neighbors (N, num_neighbors), teacher and running means are kept by a checkpoint.

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        n_clusters: k.
        associated_feature_extractor: maps samples to the features in which neighbors are near.
        num_neighbors: of each sample, without itself.
        neighbor_metric: `cosine` or `euclidean`.
        exponent: beta, > 0; below 1 it keeps clusters from becoming empty.
        temperature_parameter: divides the logits of student and teacher, > 0.
        teacher_momentum: the share of the teacher that a step keeps, in [0, 1].
        share_momentum: the share of the running mean of assignments that a batch keeps, in [0, 1].
        generator: draws the neighbors.

    Raises:
        OptionError: the data set has fewer other samples than neighbors.

    Source: Adaloglou et al., BMVC 2023, section 3, https://arxiv.org/abs/2303.17896, with one head.
    """

    loss_names = ("information",)
    shares: Tensor

    def __init__(
        self,
        *,
        assignment: Assignment,
        n_clusters: int,
        associated_feature_extractor: TrainableMapping,
        num_neighbors: int,
        neighbor_metric: str,
        exponent: float,
        temperature_parameter: float,
        teacher_momentum: float,
        share_momentum: float,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.assignment, self.teacher = assignment, _teacher_of(assignment)
        features = Features(associated_feature_extractor)
        self.neighbors = NeighborDraws(features, num_neighbors, neighbor_metric, generator)
        self.exponent, self.temperature = exponent, temperature_parameter
        self.teacher_momentum, self.share_momentum = teacher_momentum, share_momentum
        self.register_buffer("shares", torch.full((n_clusters,), 1 / n_clusters))

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Before the first iteration, mine the neighbors and start the teacher as the student."""
        if self.neighbors.indices is None:
            self.neighbors.mine_once(data_pass)
            self.teacher.load_state_dict(self.assignment.state_dict())

    def companions(self, indices: Tensor) -> Tensor:
        """Draw a neighbor (n, 1) of each sample."""
        return self.neighbors.draw(indices)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted information of the samples and their neighbors."""
        if batch.companions is None:
            raise RuntimeError("the batch has no companions")
        pair = batch.samples, batch.companions.squeeze(1)
        student = [self._sharpened(self.assignment(samples)) for samples in pair]
        for own, copied in zip(self.assignment.modules(), self.teacher.modules(), strict=True):
            copied.training = own.training
        with torch.no_grad():
            teacher = [self._sharpened(self.teacher(samples)) for samples in pair]
            mean = torch.cat(teacher).exp().mean(dim=0)
            self.shares = self.shares.to(mean).lerp(mean, 1 - self.share_momentum)
            weights = same_cluster_probability(*teacher)
        information = [
            negative_pointwise_information(own, other, self.shares, self.exponent)
            for own, other in zip(student, reversed(teacher), strict=True)
        ]
        return {"information": (weights * torch.stack(information)).mean()}

    def after_step(self, clock: Clock, batch: Batch) -> None:
        """Move the teacher towards the student."""
        parameters = zip(self.teacher.parameters(), self.assignment.parameters(), strict=True)
        for mean, parameter in parameters:
            mean.lerp_(parameter, 1 - self.teacher_momentum)
        buffers = zip(self.teacher.buffers(), self.assignment.buffers(), strict=True)
        for copied, buffer in buffers:
            copied.copy_(buffer)

    def _sharpened(self, log_assignments: Tensor) -> Tensor:
        return (log_assignments / self.temperature).log_softmax(dim=1)


def _teacher_of(assignment: Assignment) -> Assignment:
    """Copy an assignment without the prior mappings of its mappings, and without gradient."""
    modules = set(assignment.modules())
    priors = {part.prior for part in modules if isinstance(part, TrainableMapping)} - modules
    shared = {id(prior): prior for prior in priors if prior is not None}
    return copy.deepcopy(assignment, shared).requires_grad_(False)
