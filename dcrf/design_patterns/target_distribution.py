"""Encouraging cluster formation by sharpening the current assignments (DEC)."""

import torch.nn.functional as F
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.assignments import target_distribution
from dcrf.mappings.late_buffers import LateBuffers
from dcrf.schedules.base import Schedule


class TargetDistribution(LateBuffers, DesignPattern):
    """KL(P || Q) of the current assignments Q from a target distribution P derived from them.

    P is computed from the default view, Q from the view that the pattern names: DEC-DA compares
    assignments of transformed samples with targets of clean ones.

    Formula:
        L = 1/n sum_i sum_j p_ij log(p_ij / q_ij), with p a constant
        p_ij is proportional to q_ij^a / f_j^e, with sum_j p_ij = 1 and f_j = sum_i q_ij
        a is target_power; e is 1 (frequency), 1/2 (root_of_frequency) or 0 (none)

    Losses:
        divergence: nats per sample, >= 0, and 0 only if P equals Q. Gradient flows through Q into
            feature extractor and centroids, never through P.

    Shapes:
        samples (n, *sample_shape) -> log Q (n, k). With the scope `data_set`, P (N, k) covers the
        whole data set, in evaluation mode, and is looked up by `Batch.indices`, so the data set may
        be shuffled. With the scope `batch`, P (n, k) is computed anew from each batch, in training
        mode like Q.

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        target_distribution_recalculation_interval: iterations between recalculations of P for the
            scope `data_set`; None for `batch`.
        target_power: schedule of the exponent of Q in P.
        target_scope: `data_set` or `batch`, the samples over which P is normalized.
        normalization: the divisor in P: `frequency` of a cluster, `root_of_frequency` or `none`.

    Source: Xie, Girshick, Farhadi, ICML 2016, eq. 2-3, https://arxiv.org/abs/1511.06335; Guo et
        al., ACML 2018 (DEC-DA); Ghasedi Dizaji et al., ICCV 2017 (`root_of_frequency`, power 1),
        https://arxiv.org/abs/1704.06327; Li, Qiao, Zhang 2017 (`none`),
        https://arxiv.org/abs/1703.07980.
    """

    loss_names = ("divergence",)
    late_buffers = ("target",)
    target: Tensor | None

    def __init__(
        self,
        *,
        assignment: Assignment,
        target_power: Schedule,
        target_scope: str,
        normalization: str,
        target_distribution_recalculation_interval: int | None = None,
    ) -> None:
        super().__init__()
        self.assignment = assignment
        self.power, self.normalization = target_power, normalization
        self.is_of_batch = target_scope == "batch"
        self.interval = target_distribution_recalculation_interval

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Recalculate P of the data set if it is missing or due."""
        if self.is_of_batch:
            return
        is_due = self.interval is not None and clock.due(self.interval)
        if self.target is None or is_due:
            q = data_pass(lambda b: self.assignment(b.samples).exp())
            self.target = target_distribution(q, self.power(clock), self.normalization)

    def forget_clusters(self) -> None:
        """Recalculate P of the data set before the next iteration."""
        self.target = None

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the divergence of the assignments of a batch from their targets."""
        log_q = self.assignment(batch.samples)
        return {"divergence": F.kl_div(log_q, self._targets(batch), reduction="batchmean")}

    def _targets(self, batch: Batch) -> Tensor:
        if self.is_of_batch:
            q = self.assignment(batch.clean).exp()
            return target_distribution(q, self.power(batch.clock), self.normalization)
        if self.target is None:
            raise RuntimeError(
                "before_iteration has not been called: the target distribution is missing"
            )
        return self.target[batch.indices.to(self.target.device)]
