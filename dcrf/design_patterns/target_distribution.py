"""Encouraging cluster formation by sharpening the current assignments (DEC)."""

import torch.nn.functional as F
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.assignments import target_distribution


class TargetDistribution(DesignPattern):
    """KL(P || Q) of the current assignments Q from a target distribution P derived from them.

    Losses:
        divergence: nats per sample, >= 0, and 0 only if P equals Q. Gradient flows through Q into
            feature extractor and centroids, never through P.

    Shapes:
        samples (n, *sample_shape) -> log Q (n, k). P (N, k) covers the whole data set and is
        looked up by `Batch.indices`, so the data set may be shuffled. P is computed from the
        default view, Q from the view that the pattern names (DEC-DA).

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        target_distribution_recalculation_interval: iterations between recalculations of P.

    Source: Xie, Girshick, Farhadi, ICML 2016, eq. 2-3, https://arxiv.org/abs/1511.06335; Guo et
        al., ACML 2018 (DEC-DA).
    """

    loss_names = ("divergence",)
    target: Tensor | None

    def __init__(
        self, *, assignment: Assignment, target_distribution_recalculation_interval: int
    ) -> None:
        super().__init__()
        self.assignment = assignment
        self.interval = target_distribution_recalculation_interval
        self.register_buffer("target", None, persistent=False)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Recalculate P if it is missing or due."""
        if self.target is None or clock.due(self.interval):
            self.target = target_distribution(data_pass(lambda b: self.assignment(b.samples).exp()))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the divergence of the assignments of a batch from their targets."""
        if self.target is None:
            raise RuntimeError(
                "before_iteration has not been called: the target distribution is missing"
            )
        log_q = self.assignment(batch.samples)
        p = self.target[batch.indices.to(self.target.device)]
        return {"divergence": F.kl_div(log_q, p, reduction="batchmean")}

    def get_extra_state(self) -> dict[str, Tensor | None]:
        """Return P: load_state_dict cannot restore a buffer that is None."""
        return {"target": self.target}

    def set_extra_state(self, state: dict[str, Tensor | None]) -> None:
        """Restore `get_extra_state`'s result."""
        self.target = state["target"]
