"""Objects that only fill up a set change nothing, whichever layers look at whole sets."""

import pytest
import torch
from torch import nn

from dcrf.batch import with_presence
from dcrf.mappings.absent_objects import present_objects
from dcrf.mappings.layers.each_object import EachObject
from dcrf.mappings.layers.pool_objects import PoolObjects
from dcrf.mappings.layers.recurrent import Recurrent
from dcrf.mappings.layers.residual import Residual
from dcrf.mappings.layers.residual_bidirectional_lstm import ResidualBidirectionalLstm
from dcrf.mappings.layers.set_attention import SetAttention
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import global_seed

PRESENT = torch.tensor([[True] * 4, [True, True, False, False]])

LAYERS = {
    "attention": lambda: SetAttention(embed_dim=6, num_heads=2),
    "attention inside a residual": lambda: Residual(
        layers=[nn.LayerNorm(6), SetAttention(embed_dim=6, num_heads=2)]
    ),
    "residual LSTM": lambda: ResidualBidirectionalLstm(features=6),
    "GRU": lambda: Recurrent(input_size=6, hidden_size=3, kind="gru", bidirectional=True),
    "last of a GRU": lambda: Recurrent(input_size=6, hidden_size=3, kind="gru", outputs="last"),
    "last of two GRUs": lambda: Recurrent(
        input_size=6, hidden_size=3, kind="gru", outputs="last", bidirectional=True
    ),
    "each object": lambda: EachObject(layers=[nn.Linear(6, 5), nn.BatchNorm1d(5)]),
    "mean": lambda: PoolObjects(by="mean"),
    "maximum": lambda: PoolObjects(by="max"),
    "mean and maximum": lambda: PoolObjects(by="mean_and_max"),
}
every_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def mapping(make):
    with global_seed(0):
        return TrainableMapping([make()]).double()


@pytest.fixture
def sets():
    return torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def presented(outputs):
    """The outputs of a shorter set for its own objects, or for the set as a whole."""
    return outputs[1, :2] if outputs.ndim > 2 else outputs[1]


@every_layer
@pytest.mark.parametrize("training", [True, False])
def test_their_values_do_not_matter(make, sets, training):
    network = mapping(make).train(training)
    others = sets.masked_fill(~PRESENT.unsqueeze(2), 100.0)

    with torch.set_grad_enabled(training):
        first = network(with_presence(sets, PRESENT))
        second = network(with_presence(others, PRESENT))

    torch.testing.assert_close(presented(first), presented(second))
    torch.testing.assert_close(first[0], second[0])


@every_layer
def test_a_set_that_is_filled_up_is_treated_as_by_itself(make, sets):
    network = mapping(make).eval()

    filled = network(with_presence(sets, PRESENT))
    alone = network(sets[1:, :2].clone())

    torch.testing.assert_close(presented(filled), alone[0])


@every_layer
def test_without_absent_objects_nothing_changes(make, sets):
    network = mapping(make).eval()

    torch.testing.assert_close(
        network(with_presence(sets.clone(), torch.ones(2, 4).bool())), network(sets)
    )


def test_statistics_of_batch_normalization_are_of_objects_that_are_present(sets):
    network = mapping(lambda: EachObject(layers=[nn.BatchNorm1d(6, momentum=1.0)]))
    network(with_presence(sets, PRESENT))

    torch.testing.assert_close(network.net[0].layers[0].running_mean, sets[PRESENT].mean(0))


def test_outputs_carry_the_mask_to_the_next_mapping(sets):
    first = TrainableMapping([nn.Linear(6, 6)]).double()
    second = TrainableMapping([PoolObjects(by="mean")], prior=first)

    torch.testing.assert_close(second(with_presence(sets, PRESENT))[1], first(sets)[1, :2].mean(0))


def test_outside_a_pass_all_objects_are_present(sets):
    mapping(LAYERS["mean"])(with_presence(sets, PRESENT))

    assert present_objects() is None


def test_a_vector_for_each_set_carries_no_mask(sets):
    vectors = mapping(LAYERS["mean"])(with_presence(sets, PRESENT))
    network = TrainableMapping([nn.Unflatten(1, (3, 2)), PoolObjects(by="max")]).double()

    torch.testing.assert_close(network(vectors), vectors.unflatten(1, (3, 2)).amax(1))
