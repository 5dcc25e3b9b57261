"""Learning feature representations by contrasting views of samples."""

from torch import Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.contrast import normalized_temperature_cross_entropy
from dcrf.mappings.mapping import TrainableMapping
from dcrf.schedules.base import Schedule


class InstanceContrast(DesignPattern):
    """NT-Xent between samples: each sample is contrasted with its other view (SimCLR).

    Formula:
        L = -1/(2n) sum_a log [exp(s_aa' / tau) / sum_(b != a) exp(s_ab / tau)]
        a and b are the head's outputs of both views, a' is the one of the same sample in the other
            view, s_ab is the cosine

    Losses:
        contrast: NT-Xent in nats per anchor, >= 0, over the 2n anchors of both views. Gradient
            flows into the head and into the mappings before it.

    Shapes:
        views `first` and `second`, (n, *sample_shape) each -> projections (n, d) each.

    Args:
        contrastive_learning_head: maps samples to projections, usually with a feature extractor
            as its prior mapping. The loss normalizes projections to length 1.
        temperature_parameter: schedule of tau, which divides the cosine similarities, > 0.

    Source: Chen et al., ICML 2020, eq. 1, https://arxiv.org/abs/2002.05709.
    """

    loss_names = ("contrast",)

    def __init__(
        self, *, contrastive_learning_head: TrainableMapping, temperature_parameter: Schedule
    ) -> None:
        super().__init__()
        self.head = contrastive_learning_head
        self.temperature = temperature_parameter

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the contrast between the two views."""
        first, second = (self.head(batch.views[role]).flatten(1) for role in ("first", "second"))
        return {
            "contrast": normalized_temperature_cross_entropy(
                first, second, self.temperature(batch.clock)
            )
        }
