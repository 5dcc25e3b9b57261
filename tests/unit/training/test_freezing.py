"""Frozen modules stay as they are."""

import torch
from torch import nn

from dcrf.training.freezing import frozen


def network():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    return nn.Sequential(first, nn.Linear(4, 2)).train()


def saved(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_frozen_modules_get_no_gradient_and_keep_their_statistics():
    net, samples = network(), torch.rand(8, 3)
    first, before = net[0], saved(net[0])

    with frozen([first]):
        net.eval()
        net.train()  # as a pass over the data set does
        assert [m.training for m in (first, first[1], net[1])] == [False, False, True]
        net(samples).sum().backward()
        assert torch.equal(net[0](samples), net[0](samples))  # Dropout keeps all units

    assert all(torch.equal(before[name], value) for name, value in first.state_dict().items())
    assert [p.grad is None for p in net.parameters()] == [True] * 4 + [False] * 2


def test_afterwards_all_is_as_before():
    net = network()
    net[1].bias.requires_grad_(False)

    with frozen([net]):
        pass

    assert all(module.training for module in net.modules())
    assert [p.requires_grad for p in net.parameters()] == [True] * 5 + [False]
    assert not net.eval()[0][1].training
    assert net.train()[0][1].training


def test_a_part_inside_another_may_be_frozen_with_it():
    net = network()

    with frozen([net, net[0]]):
        assert not any(p.requires_grad for p in net.parameters())

    assert all(p.requires_grad and net[0].training for p in net.parameters())
