"""Base class of design patterns."""

from collections.abc import Sequence

from torch import Tensor, nn

from dcrf.batch import Batch, Clock, DatasetPass


class DesignPattern(nn.Module):
    """A design pattern of the ontology: a module that computes losses of a batch.

    loss_names: the keys of `forward`'s result, in its order.
    """

    loss_names: tuple[str, ...]

    def stage_starts(self) -> Sequence[int]:
        """Return the iterations, from 1, in which the pattern starts to run other layers."""
        return (1,)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Update state that outlives one iteration. Most patterns have none.

        Args:
            clock: epoch and iteration of the phase.
            data_pass: evaluates the whole data set.
        """

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the unweighted scalar losses of a batch, one for each name in `loss_names`."""
        raise NotImplementedError
