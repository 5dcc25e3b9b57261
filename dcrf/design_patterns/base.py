"""Base class of design patterns."""

from collections.abc import Sequence

from torch import Tensor, nn

from dcrf.batch import Batch, Clock, DatasetPass


class DesignPattern(nn.Module):
    """A design pattern of the ontology: a module that computes losses of a batch, or acts on it.

    In every iteration, each method below is called for all patterns before the next one is called
    for any: `before_iteration`, `companions`, `forward`, then the optimizers step, `after_step`,
    and `after_epoch` if the iteration is the last one of an epoch.
    All state that outlives an iteration is in the `state_dict`, or in an injected generator.

    loss_names: the keys of `forward`'s result, in its order; empty for a pattern without losses.
    """

    loss_names: tuple[str, ...] = ()

    def stage_starts(self) -> Sequence[int]:
        """Return the iterations, from 1, in which the pattern starts to run other layers."""
        return (1,)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Update state that outlives one iteration. Most patterns have none.

        Args:
            clock: epoch and iteration of the phase.
            data_pass: evaluates the whole data set.

        Raises:
            OptionError: an option does not fit the data set. Its key is that of the entry.
        """

    def companions(self, indices: Tensor) -> Tensor | None:
        """Return (n, m) int64, m >= 1: samples that accompany the samples at `indices`, (n,).

        They arrive as `Batch.companions`, in the view that the entry names by a key with the
        `x-view-role` `companions`, else in the default view. A pattern without companions
        returns None.
        """
        return None

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the unweighted scalar losses of a batch, one for each name in `loss_names`."""
        return {}

    def after_step(self, clock: Clock, batch: Batch) -> None:
        """Act after all optimizers have stepped, before the hooks, without gradient.

        Modules are in training mode.

        Args:
            clock: epoch and iteration of the phase.
            batch: the batch that `forward` got.
        """

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Update state when an epoch has ended, without gradient.

        Modules are in training mode, and in evaluation mode during a data pass.

        Args:
            clock: epoch and iteration of the phase.
            data_pass: evaluates the whole data set.

        Returns:
            The tensors of clusters that have been replaced rather than moved. Optimizers forget
            their momentum, and patterns what they have computed for the clusters before.

        Raises:
            OptionError: an option does not fit the data set. Its key is that of the entry.
        """
        return ()

    def forget_clusters(self) -> None:
        """Forget what was computed for the present clusters: others have replaced them.

        It happens after an epoch, before `after_epoch` of the patterns that follow.
        """
