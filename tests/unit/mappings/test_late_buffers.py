"""Buffers that are computed during training are part of the state."""

import copy

import torch

from dcrf.mappings.late_buffers import LateBuffers


class Two(LateBuffers):
    late_buffers = ("first", "second")


def test_buffers_that_are_missing_are_restored():
    module, other = Two(), Two()
    module.first = torch.arange(3)

    other.load_state_dict(copy.deepcopy(module.state_dict()))

    assert torch.equal(other.first, module.first)
    assert other.second is None


def test_buffers_that_are_computed_can_be_missing_again():
    module = Two()
    before = copy.deepcopy(module.state_dict())
    module.second = torch.ones(2, 2)

    module.load_state_dict(before)

    assert module.first is None
    assert module.second is None


def test_they_move_with_the_module():
    module = Two()
    module.first = torch.ones(2)

    assert module.double().first.dtype == torch.float64
