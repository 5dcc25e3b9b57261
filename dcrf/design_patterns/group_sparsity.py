"""Encouraging cluster formation by making groups of features sparse (DEN)."""

from torch import Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError
from dcrf.functional.locality import group_sparsity
from dcrf.mappings.mapping import TrainableMapping


class GroupSparsity(DesignPattern):
    """Lengths of groups of features, so that few groups are active for a sample.

    Formula:
        L = 1/n sum_i sum_g sqrt(n_g) |z_ig|, over groups g of n_g features

    Losses:
        sparsity: the sum over groups of their length times the square root of their size, averaged
            over samples, >= 0, in units of the features. Gradient flows into the encoder.

    Shapes:
        samples (n, *sample_shape) -> features (n, ...), flattened to (n, d). Consecutive features
        form a group; the paper has as many groups as clusters.

    Args:
        encoder: maps samples to features.
        group_size: number of features of a group, a divisor of d.

    Raises:
        OptionError: the group size does not divide d.

    Source: Huang et al., Deep Embedding Network for Clustering, ICPR 2014,
        https://doi.org/10.1109/ICPR.2014.272.
    """

    loss_names = ("sparsity",)

    def __init__(self, *, encoder: TrainableMapping, group_size: int) -> None:
        super().__init__()
        self.encoder, self.group_size = encoder, group_size

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the lengths of the groups."""
        features = self.encoder(batch.samples).flatten(1)
        if features.shape[1] % self.group_size:
            raise OptionError(
                "group_size",
                f"groups of {self.group_size} do not divide the {features.shape[1]} features",
            )
        return {"sparsity": group_sparsity(features, self.group_size)}
