import pytest
import torch

from dcrf.mappings.layers.pool_objects import PoolObjects

SETS = torch.tensor([[[1.0, 5.0], [3.0, 1.0]], [[0.0, 0.0], [2.0, -4.0]]])


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("mean", [[2, 3], [1, -2]]),
        ("max", [[3, 5], [2, 0]]),
        ("mean_and_max", [[2, 3, 3, 5], [1, -2, 2, 0]]),
    ],
)
def test_values_by_hand(by, expected):
    torch.testing.assert_close(PoolObjects(by=by)(SETS), torch.tensor(expected).float())


@pytest.mark.parametrize("by", ["mean", "max", "mean_and_max"])
def test_the_order_of_objects_does_not_matter(by):
    torch.testing.assert_close(PoolObjects(by=by)(SETS.flip(1)), PoolObjects(by=by)(SETS))


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="by 'sum' is unknown"):
        PoolObjects(by="sum")


def test_a_table_is_not_taken_for_sets():
    with pytest.raises(ValueError, match="it takes sets of shape"):
        PoolObjects()(torch.zeros(3, 2))
