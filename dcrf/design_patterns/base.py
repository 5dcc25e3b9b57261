"""What every design pattern promises."""

from collections.abc import Sequence

from torch import Tensor, nn

from dcrf.batch import Batch, Clock, DatasetPass


class DesignPattern(nn.Module):
    """A loss-bearing design pattern of the ontology.

    loss_names: the keys of what `forward` returns, in that order.
    """

    loss_names: tuple[str, ...]

    def stage_starts(self) -> Sequence[int]:
        """Return the iterations, from 1, in which the pattern starts to run other layers."""
        return (1,)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Refresh what outlives one iteration. Most patterns have nothing to refresh."""

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return unweighted scalar losses, one per name in `loss_names`."""
        raise NotImplementedError
