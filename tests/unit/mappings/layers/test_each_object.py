import pytest
import torch
from torch import nn

from dcrf.mappings.layers.each_object import EachObject


def test_every_object_runs_alone():
    convolution = nn.Conv2d(1, 2, 3)
    layer = EachObject(layers=[convolution, nn.Flatten()])
    sets = torch.randn(3, 5, 1, 4, 4, generator=torch.Generator().manual_seed(0))

    outputs = layer(sets)

    assert outputs.shape == (3, 5, 8)
    for s in range(3):
        for i in range(5):
            torch.testing.assert_close(outputs[s, i], convolution(sets[s, i : i + 1]).flatten())


def test_the_order_of_objects_is_kept():
    layer = EachObject(layers=[nn.Linear(2, 3)])
    sets = torch.randn(2, 4, 2, generator=torch.Generator().manual_seed(0))

    torch.testing.assert_close(layer(sets.flip(1)), layer(sets).flip(1))


@pytest.mark.parametrize("layers", [[], nn.Linear(2, 2)])
def test_layers_are_a_list_of_at_least_one(layers):
    with pytest.raises(ValueError, match="expected a list of at least one layer"):
        EachObject(layers=layers)


def test_a_table_is_not_taken_for_sets():
    with pytest.raises(ValueError, match="it takes sets of shape"):
        EachObject(layers=[nn.Linear(2, 2)])(torch.zeros(3, 2))
