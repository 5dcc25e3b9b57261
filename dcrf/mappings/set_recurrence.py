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
    if sequences.is_meta:
        return _meta_outputs(cells, sequences)
    is_present = present_objects()
    if is_present is None:
        return cells(sequences)[0]
    lengths = is_present.sum(dim=1).cpu()
    packed = pack_padded_sequence(sequences, lengths, batch_first=True, enforce_sorted=False)
    outputs, _ = cells(packed)
    padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=sequences.shape[1])
    return padded


def _meta_outputs(cells: nn.RNNBase, sequences: Tensor) -> Tensor:
    """Return outputs on torch's meta device, which depend on the sequences and all parameters.

    torch itself would take every step of every gate in Python.
    """
    if sequences.shape[2] != cells.input_size:
        raise RuntimeError(
            f"a step has {sequences.shape[2]} features, but input_size is {cells.input_size}"
        )
    of_parameters = torch.stack([parameter.sum() for parameter in cells.parameters()]).sum()
    width = cells.hidden_size * (2 if cells.bidirectional else 1)
    return (sequences.mean(dim=2, keepdim=True) + of_parameters).expand(-1, -1, width)
