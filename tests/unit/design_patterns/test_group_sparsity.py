import math

import pytest
import torch

from dcrf.errors import OptionError
from tests.cases.tiny import CASES, World

ENTRY = CASES["group_sparsity"]


@pytest.mark.parametrize("size", [1, 2])
def test_the_loss_is_the_formula_on_the_features_of_the_view(size):
    world = World({**ENTRY, "group_size": size, "batch_augmentation_name": "shifted"})
    features = world.mappings["encoder"](world.data.views["shifted"][:5])
    groups = features.reshape(5, -1, size)
    expected = math.sqrt(size) * groups.square().sum(2).sqrt().sum() / 5

    torch.testing.assert_close(world.losses(torch.arange(5))["sparsity"], expected)


def test_a_size_that_does_not_divide_the_features_is_an_error_of_its_key():
    world = World({**ENTRY, "group_size": 3})
    with pytest.raises(OptionError, match="groups of 3 do not divide the 2 features") as caught:
        world.losses(torch.arange(4))

    assert caught.value.key == "group_size"
