"""Soft resets of layers (BRB)."""

import copy

import torch
from torch import nn


@torch.no_grad()
def soft_reset(layer: nn.Module, kept: float) -> None:
    """Set each parameter to `kept` times itself plus (1 - kept) times a fresh initial value.

    Fresh values are those of torch's `reset_parameters`, uniform as by Kaiming for linear and
    convolutional layers, from the global generator.

    Args:
        layer: has `reset_parameters`. Its parameters stay the same objects.
        kept: in [0, 1].

    Source: Miklautz et al., ICLR 2025, eq. 1, https://arxiv.org/abs/2411.02275.
    """
    fresh = copy.deepcopy(layer)
    fresh.reset_parameters()  # type: ignore[operator]
    for own, new in zip(layer.parameters(), fresh.parameters(), strict=True):
        own.lerp_(new, 1 - kept)
