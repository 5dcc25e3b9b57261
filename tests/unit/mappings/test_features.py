"""Features of one or several layers."""

import pytest
import torch
from torch import nn

from dcrf.batch import Batch, DatasetPass
from dcrf.mappings.features import Features
from dcrf.mappings.forward_cache import cached_forwards
from dcrf.mappings.mapping import TrainableMapping

SAMPLES = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)) * 3 + 100


class Counted(nn.Identity):
    calls = 0

    def forward(self, values):
        type(self).calls += 1
        return values


@pytest.fixture
def mapping():
    Counted.calls = 0
    torch.manual_seed(0)
    layers = [Counted(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)]
    return TrainableMapping(layers, layer_names={"first": 1, "last": 3})


def data_pass(samples=SAMPLES):
    def run(function, indices):
        return torch.cat([function(Batch(part, samples[part])) for part in indices.split(4)])

    return DatasetPass(len(samples), run)


def test_without_layers_they_are_the_flat_output():
    image = TrainableMapping([nn.Unflatten(1, (2, 2))])

    assert torch.equal(Features(image)(SAMPLES), SAMPLES)


def test_outputs_of_layers_are_concatenated_in_the_order_of_their_names(mapping):
    features = Features(mapping, ["last", "first"])(SAMPLES)

    first = mapping.net[1](SAMPLES)
    torch.testing.assert_close(features, torch.cat([mapping(SAMPLES), first], dim=1))


def test_each_block_is_normalized_by_itself(mapping):
    blocks = Features(mapping, ["first", "last"], "l2")(SAMPLES).split([3, 2], dim=1)

    for block in blocks:
        torch.testing.assert_close(block.norm(dim=1), torch.ones(9))


def test_z_scores_have_mean_0_and_deviation_1_far_from_the_origin(mapping):
    features = Features(TrainableMapping([nn.Identity()]), normalize="z_score")
    rows = features.rows(data_pass())[torch.arange(9)]

    torch.testing.assert_close(rows.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(rows.std(0, correction=0), torch.ones(4), atol=1e-5, rtol=0)


def test_a_constant_column_becomes_zero():
    samples = torch.tensor([[5.0, 1.0], [5.0, 3.0]])
    features = Features(TrainableMapping([nn.Identity()]), normalize="z_score")

    assert features.rows(data_pass(samples))[torch.arange(2)].tolist() == [[0, -1], [0, 1]]


def test_measured_statistics_are_saved_and_loaded():
    measured, other = (Features(TrainableMapping([]), normalize="z_score") for _ in range(2))
    measured.rows(data_pass())

    other.load_state_dict(measured.state_dict())

    assert torch.equal(other(SAMPLES), measured(SAMPLES))
    assert measured.owned() is not None
    assert Features(TrainableMapping([])).owned() is None


def test_one_pass_serves_the_output_and_the_layers(mapping):
    features = Features(mapping, ["first", "last"])
    with cached_forwards([features, mapping]):
        features(SAMPLES)
        mapping(SAMPLES)
        features(SAMPLES)

    assert Counted.calls == 1


def test_on_the_meta_device_they_have_a_shape(mapping):
    meta = Features(mapping.to("meta"), ["first", "last"], "z_score")

    assert meta.rows(data_pass(SAMPLES.to("meta")))[torch.arange(5)].shape == (5, 5)


def test_outputs_of_layers_in_bfloat16_are_float32():
    mapping = TrainableMapping([nn.Linear(4, 2)], layer_names={"a": 0}, use_bfloat16=True)

    assert Features(mapping, ["a"])(SAMPLES).dtype == torch.float32
