"""Clipped gradients are those of torch.nn.utils."""

import pytest
import torch
from torch import nn

from dcrf.functional.clipping import clip_by_norm, clip_by_value

TORCHS = {clip_by_norm: nn.utils.clip_grad_norm_, clip_by_value: nn.utils.clip_grad_value_}


def gradients():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for shape in ((3, 4), (7,), ())]


@pytest.mark.parametrize("limit", [0.01, 1.0, 3.0, 100.0])
@pytest.mark.parametrize("clip", TORCHS)
def test_they_are_torchs_to_the_byte(clip, limit):
    parameters = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients()]
    for parameter, gradient in zip(parameters, gradients(), strict=True):
        parameter.grad = gradient
    TORCHS[clip](parameters, limit)

    clipped = clip(gradients(), limit)

    assert all(torch.equal(p.grad, c) for p, c in zip(parameters, clipped, strict=True))


def test_a_norm_by_hand():
    clipped = clip_by_norm([torch.tensor([3.0]), torch.tensor([4.0])], 1.0)

    assert torch.cat(clipped).tolist() == pytest.approx([0.6, 0.8], abs=1e-6)


def test_a_value_by_hand():
    (clipped,) = clip_by_value([torch.tensor([-3.0, 0.5, 2.0])], 1.0)

    assert clipped.tolist() == [-1.0, 0.5, 1.0]
