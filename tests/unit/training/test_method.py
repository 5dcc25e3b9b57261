"""Data passes of a method, and the state that they do not change."""

import pytest
import torch
from torch import nn

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import Centroids
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sources.raw_data import RawData
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams, global_seed
from dcrf.training.method import Method

SAMPLES = torch.linspace(-2, 3, 12).reshape(6, 2)


class World:
    """A method in training mode whose encoder drops units and normalizes over the batch."""

    def __init__(self):
        with global_seed(0):
            layers = [nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5)]
        self.encoder = TrainableMapping(layers)
        self.method = Method(
            {"encoder": self.encoder}, Assignment(), {"centroids": Centroids(2)}, {}
        )
        raw = RawData(SAMPLES, None)
        source = DataSource("line", raw, [], {}, Loading(2), RandomStreams(0))
        self.data_pass = self.method.pass_over(source)

    def encode(self, batch):
        return self.encoder(batch.samples)

    def features(self):
        return self.data_pass(self.encode)

    def modes(self):
        return {name: module.training for name, module in self.method.named_modules()}


@pytest.fixture
def world():
    return World()


def test_a_data_pass_computes_in_evaluation_mode(world):
    features = world.features()

    linear, norm, _ = world.encoder.net
    expected = norm.eval()(linear(SAMPLES))
    torch.testing.assert_close(features, expected)


def test_earlier_draws_do_not_change_a_data_pass(world):
    with global_seed(1):
        first = world.features()
    with global_seed(2):
        second = world.features()

    assert torch.equal(first, second)


def test_a_data_pass_leaves_parameters_and_running_statistics_alone(world):
    before = {name: value.clone() for name, value in world.encoder.state_dict().items()}

    world.features()

    after = world.encoder.state_dict()
    assert "net.1.running_mean" in before
    assert all(torch.equal(after[name], value) for name, value in before.items())


@pytest.mark.parametrize("is_training", [True, False])
def test_a_data_pass_restores_the_mode(world, is_training):
    before = world.method.train(is_training) and world.modes()

    world.features()

    assert world.modes() == before
    assert set(before.values()) == {is_training}


def test_a_failed_data_pass_restores_mode_and_generator(world):
    modes, state = world.modes(), torch.get_rng_state()

    def fail(batch):
        torch.rand(())
        raise ValueError("too large")

    with pytest.raises(ValueError, match="too large"):
        world.data_pass(fail)

    assert world.modes() == modes
    assert torch.equal(torch.get_rng_state(), state)


def test_draws_in_a_data_pass_change_no_later_draw(world):
    state = torch.get_rng_state()

    features = world.data_pass(lambda batch: batch.samples + torch.rand(len(batch.samples), 2))

    assert not torch.equal(features, SAMPLES)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_data_pass_keeps_no_gradient(world):
    assert not world.features().requires_grad
    assert torch.is_grad_enabled()
