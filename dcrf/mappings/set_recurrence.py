"""Recurrent networks over sequences of different lengths."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from dcrf.mappings.absent_objects import present_objects


def run_over_present(cells: nn.RNNBase, sequences: Tensor) -> Tensor:
    """Return the outputs (n, steps, width) of a recurrent network; 0 at steps that are absent.

    On a CPU it runs in float32, also under autocast: few CPUs have recurrent kernels in bfloat16.

    Args:
        cells: with `batch_first`.
        sequences: (n, steps, features), filled up at their ends.
    """
    if sequences.is_cpu and torch.is_autocast_enabled("cpu"):
        with torch.autocast("cpu", enabled=False):
            return _run(cells, sequences.float())
    return _run(cells, sequences)


def _run(cells: nn.RNNBase, sequences: Tensor) -> Tensor:
    if sequences.is_meta:  # only shapes count, and torch would take every step in Python
        return cells(sequences[:, :1])[0].expand(-1, sequences.shape[1], -1)
    is_present = present_objects()
    if is_present is None:
        return cells(sequences)[0]
    lengths = is_present.sum(dim=1).cpu()
    packed = pack_padded_sequence(sequences, lengths, batch_first=True, enforce_sorted=False)
    outputs, _ = cells(packed)
    padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=sequences.shape[1])
    return padded
