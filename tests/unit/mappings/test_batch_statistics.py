import pytest
import torch
from torch import nn

from dcrf.mappings.batch_statistics import running_statistics_kept
from dcrf.mappings.mapping import TrainableMapping


def mapping_with_prior():
    prior = TrainableMapping([nn.BatchNorm1d(2)])
    return TrainableMapping([nn.Linear(2, 3), nn.BatchNorm1d(3)], prior=prior), prior


def statistics(*mappings):
    return [{n: v.clone() for n, v in m.state_dict().items() if "running" in n} for m in mappings]


def test_statistics_of_a_mapping_and_its_prior_stay_and_batches_are_normalized_by_their_own():
    mapping, prior = mapping_with_prior()
    samples = torch.tensor([[5.0, 1.0], [7.0, 3.0], [9.0, 8.0]])
    before = statistics(mapping, prior)

    with running_statistics_kept(mapping):
        output = mapping(samples)

    torch.testing.assert_close(statistics(mapping, prior), before, rtol=0, atol=0)
    assert prior.net[0].num_batches_tracked == 0
    torch.testing.assert_close(output.mean(dim=0), torch.zeros(3), rtol=0, atol=1e-5)
    assert torch.equal(mapping(samples), output)
    assert prior.net[0].num_batches_tracked == 1


def test_layers_without_statistics_stay_without():
    layer = nn.BatchNorm1d(2, track_running_stats=False)
    with running_statistics_kept(layer):
        pass

    assert layer.track_running_stats is False


def test_in_evaluation_mode_the_running_statistics_are_used():
    layer, samples = nn.BatchNorm1d(2).eval(), torch.tensor([[3.0, 4.0]])
    with running_statistics_kept(layer):
        torch.testing.assert_close(layer(samples), samples, rtol=1e-4, atol=1e-4)


def test_statistics_are_tracked_again_after_an_error():
    layer = nn.BatchNorm1d(2)
    with pytest.raises(ZeroDivisionError), running_statistics_kept(layer):
        1 / 0  # noqa: B018

    assert layer.track_running_stats is True
