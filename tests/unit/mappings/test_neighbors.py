import pytest
import torch
from torch import Generator, nn

from dcrf.batch import Batch, DatasetPass
from dcrf.errors import OptionError
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.neighbors import NeighborDraws

LINE = torch.tensor([[1.0], [2.0], [4.0], [8.0]])
PASS = DatasetPass(4, lambda function, indices: function(Batch(indices, LINE[indices])))


def draws(number=2, seed=0):
    features = Features(TrainableMapping([nn.Identity()]))
    return NeighborDraws(features, number, "euclidean", Generator().manual_seed(seed))


def test_neighbors_on_a_line_by_hand():
    neighbors = draws()
    neighbors.mine_once(PASS)

    assert neighbors.indices.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_a_draw_is_a_neighbor_whatever_the_order_of_the_batch():
    first, second = draws(), draws()
    for neighbors in (first, second):
        neighbors.mine_once(PASS)
    order = torch.tensor([2, 0, 3, 1])

    drawn = first.draw(torch.arange(4))

    assert all(row.item() in first.indices[i] for i, row in enumerate(drawn))
    assert torch.equal(second.draw(order), drawn[order])


def test_restored_neighbors_are_not_mined_again():
    neighbors, other = draws(), draws(seed=1)
    neighbors.mine_once(PASS)
    other.load_state_dict(neighbors.state_dict())
    before = other.indices
    other.mine_once(PASS)

    assert other.indices is before
    assert torch.equal(before, neighbors.indices)


def test_too_few_samples_are_an_error_of_the_key():
    with pytest.raises(OptionError, match=r"4 neighbors .* 5 samples, .* has 4") as caught:
        draws(4).mine_once(PASS, key="num_near")

    assert caught.value.key == "num_near"


def test_without_mining_it_names_the_missing_call():
    with pytest.raises(RuntimeError, match="before_iteration"):
        draws().draw(torch.arange(2))


def test_other_samples_are_all_that_are_no_neighbors_equally_often():
    neighbors = draws(number=1)
    neighbors.mine_once(PASS, leaves_others=True)
    drawn = [neighbors.draw_other(torch.arange(4)).flatten().tolist() for _ in range(300)]

    for sample, others in enumerate(zip(*drawn, strict=True)):
        allowed = {0, 1, 2, 3} - {sample, neighbors.indices[sample].item()}
        assert set(others) == allowed
        assert min(map(others.count, allowed)) > 100  # of 150 expected
