"""Recurrent layers that return their outputs only."""

from types import MappingProxyType
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from dcrf.mappings.absent_objects import present_objects
from dcrf.mappings.set_recurrence import run_over_present

_KINDS = MappingProxyType({"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN})
_SEQUENCES = 3  # axes: sample, step, feature


class Recurrent(nn.Module):
    """Runs an RNN, LSTM or GRU over a sequence and returns its outputs, of all steps or the last.

    With `bidirectional`, the outputs of both directions are concatenated; the last output of the
    backward direction is the one at the first step. Steps that only fill up a shorter sequence are
    left out.

    Shapes:
        (n, steps, input_size) -> (n, steps, width), or (n, width) for the last output; the width
        is hidden_size, doubled if bidirectional.

    Args:
        input_size: features of a step.
        hidden_size: units of each layer and direction.
        kind: of the cells.
        num_layers: layers on top of each other.
        bidirectional: whether a second stack runs from the last step to the first.
        dropout: probability that an output of a layer is set to 0 before the next layer.
        outputs: of all steps, or the last one.

    Raises:
        ValueError: dropout without a second layer, or an input that is not (n, steps, features).

    Source: Hochreiter & Schmidhuber 1997 (LSTM); Cho et al., EMNLP 2014 (GRU),
        https://arxiv.org/abs/1406.1078
    """

    replaces: ClassVar[tuple[str, ...]] = ("GRU", "LSTM", "LSTMCell", "RNN")

    def __init__(
        self,
        *,
        input_size: int,
        hidden_size: int,
        kind: Literal["lstm", "gru", "rnn"] = "lstm",
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        outputs: Literal["all", "last"] = "all",
    ) -> None:
        super().__init__()
        if dropout and num_layers == 1:
            raise ValueError("dropout lies between layers: write num_layers of at least 2")
        if kind not in _KINDS or outputs not in ("all", "last"):
            raise ValueError(f"kind {kind!r} or outputs {outputs!r} is unknown")
        self.outputs = outputs
        self.cells = _KINDS[kind](
            input_size,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
        )

    def forward(self, values: Tensor) -> Tensor:
        """Return outputs (n, steps, width) or (n, width) for sequences (n, steps, input_size)."""
        if values.ndim != _SEQUENCES:  # torch would take two axes for one sequence
            raise ValueError("it takes sequences of shape (steps, features)")
        outputs = run_over_present(self.cells, values)
        return outputs if self.outputs == "all" else self._last(outputs)

    def _last(self, outputs: Tensor) -> Tensor:
        if not self.cells.bidirectional:
            return _at_last_step(outputs)
        forward, backward = outputs.chunk(2, dim=2)
        return torch.cat([_at_last_step(forward), backward[:, 0]], dim=1)


def _at_last_step(outputs: Tensor) -> Tensor:
    """Return (n, width): the output at the last step that is present."""
    is_present = present_objects()
    if is_present is None:
        return outputs[:, -1]
    last = is_present.sum(dim=1) - 1
    return outputs.gather(1, last[:, None, None].expand(-1, 1, outputs.shape[2])).squeeze(1)
