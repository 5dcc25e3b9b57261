import pytest
import torch
from torch import nn

from dcrf.batch import Batch
from dcrf.errors import OutputShapeError
from dcrf.functional.set_partitions import group_center_loss
from dcrf.mappings.layers.pool_objects import PoolObjects
from tests.cases.tiny import CASES, World

INDICES = torch.tensor([4, 9, 3, 20])


def test_it_is_the_loss_of_the_states():
    world = World(CASES["group_center"])
    batch = world.batch(INDICES)
    expected = group_center_loss(world.mappings["encoder"](batch.samples), batch.partition)

    torch.testing.assert_close(world.pattern(batch)["center"], expected)


def test_an_encoder_without_a_vector_for_each_object_is_refused():
    world = World(CASES["group_center"])
    world.mappings["encoder"].net.append(PoolObjects())

    with pytest.raises(OutputShapeError, match=r"5 objects have an output of shape \(2,\)"):
        world.pattern(world.batch(INDICES))


def test_objects_that_are_flattened_are_refused():
    world = World(CASES["group_center"])
    world.mappings["encoder"].net.append(nn.Flatten())

    with pytest.raises(OutputShapeError, match=r"a vector for each object is needed"):
        world.pattern(world.batch(INDICES))


def test_a_batch_of_samples_is_no_batch_of_problems():
    world = World(CASES["group_center"])

    with pytest.raises(TypeError, match="not clustering problems"):
        world.pattern(Batch(torch.arange(2), torch.zeros(2, 5, 4)))
