import math

import pytest
import torch
from torch import nn

from dcrf.functional.soft_reset import soft_reset
from dcrf.randomness import global_seed


@pytest.mark.parametrize("kept", [0.0, 0.8, 1.0])
def test_weights_are_mixed_with_those_of_a_fresh_layer(kept):
    with global_seed(1):
        layer = nn.Linear(5, 3)
    before = [p.detach().clone() for p in layer.parameters()]
    parameters = list(layer.parameters())
    with global_seed(2):
        fresh = nn.Linear(5, 3)
    with global_seed(2):
        soft_reset(layer, kept)

    for own, old, new in zip(parameters, before, fresh.parameters(), strict=True):
        torch.testing.assert_close(own, kept * old + (1 - kept) * new)
    assert all(a is b for a, b in zip(layer.parameters(), parameters, strict=True))


def test_fresh_weights_of_a_convolution_are_uniform_within_kaimings_bound():
    layer = nn.Conv2d(4, 64, 3)
    nn.init.zeros_(layer.weight)
    soft_reset(layer, 0.5)
    bound = 0.5 / math.sqrt(4 * 9)

    assert layer.weight.abs().max() <= bound
    assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
