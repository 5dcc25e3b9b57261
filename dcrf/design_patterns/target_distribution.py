"""Encouraging cluster formation by pulling assignments towards a sharpened copy of themselves."""

import torch.nn.functional as F
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.assignments import target_distribution


class TargetDistribution(DesignPattern):
    """KL(P || Q) between a derived target distribution P and the current assignments Q.

    Losses:
        divergence: nats per sample, >= 0; 0 only where P and Q agree. Gradient flows
            through Q into the feature extractor and the centroids, never through P.

    Shapes:
        samples (n, *sample_shape) -> log Q (n, k). P is kept for all N samples as (N, k) and
        looked up by `Batch.indices`, so the data set may be shuffled. P comes from the default
        view, Q from the view that the pattern names (DEC-DA).

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        target_distribution_recalculation_interval: iterations between recalculations of P, which
            covers the whole data set.

    Source: Xie, Girshick, Farhadi, ICML 2016, eq. 2-3, https://arxiv.org/abs/1511.06335.
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
        """Recalculate P where it is missing or due."""
        if self.target is None or clock.due(self.interval):
            self.target = target_distribution(data_pass(lambda b: self.assignment(b.samples).exp()))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the divergence of the batch's assignments from their targets."""
        if self.target is None:
            raise RuntimeError("before_iteration makes the target distribution; it has not run")
        log_q = self.assignment(batch.samples)
        p = self.target[batch.indices.to(self.target.device)]
        return {"divergence": F.kl_div(log_q, p, reduction="batchmean")}

    def get_extra_state(self) -> dict[str, Tensor | None]:
        """Return P. A buffer that may be None cannot be loaded as one."""
        return {"target": self.target}

    def set_extra_state(self, state: dict[str, Tensor | None]) -> None:
        """Take over what `get_extra_state` returned."""
        self.target = state["target"]
