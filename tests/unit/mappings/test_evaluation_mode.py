import pytest
import torch
from torch import nn

from dcrf.mappings.evaluation_mode import evaluation_mode, frozen
from dcrf.mappings.mapping import TrainableMapping


def test_batch_norm_keeps_its_statistics_and_modes_come_back():
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5))
    samples = torch.tensor([[1.0, 2.0], [3.0, 4.0]])

    with evaluation_mode(net):
        torch.testing.assert_close(net(samples), samples, rtol=1e-4, atol=1e-4)

    assert net[0].num_batches_tracked == 0
    assert all(module.training for module in net.modules())


@pytest.mark.parametrize("mode", [True, False])
def test_the_mode_comes_back_after_an_error(mode):
    layer = nn.Dropout().train(mode)

    with pytest.raises(ZeroDivisionError), evaluation_mode(layer):
        1 / 0  # noqa: B018

    assert layer.training is mode


def test_each_of_several_modules_gets_its_own_mode_back():
    training, evaluating = nn.Dropout(), nn.Dropout().eval()

    with evaluation_mode(training, evaluating):
        assert not training.training
        assert not evaluating.training

    assert training.training
    assert not evaluating.training


def test_a_frozen_mapping_and_its_prior_keep_their_statistics_and_get_their_modes_back():
    prior = TrainableMapping([nn.BatchNorm1d(2), nn.Dropout(0.5)])
    mapping = TrainableMapping([nn.Linear(2, 1), nn.Dropout(0.5)], prior=prior)
    prior.net[1].eval()

    with frozen(mapping):
        outputs = mapping(torch.ones(3, 2))

    assert not outputs.requires_grad
    assert torch.equal(outputs, outputs[:1].expand(3, 1))
    assert prior.net[0].num_batches_tracked == 0
    assert prior.net[0].training
    assert not prior.net[1].training
    assert mapping.net[1].training


def test_prior_mappings_within_a_module_are_in_evaluation_mode():
    prior = TrainableMapping([nn.BatchNorm1d(2), nn.Dropout(0.5)])
    outer = nn.Sequential(TrainableMapping([nn.Linear(2, 1)], prior=prior))

    with evaluation_mode(outer):
        assert not any(module.training for module in prior.modules())

    assert all(module.training for module in prior.modules())
