import pytest
import torch
from torch import nn

from dcrf.mappings.layers.unpool_by_replication import UnpoolByReplication

CASES = {
    "max": (nn.MaxPool2d(2), (3, 4), (2, 2)),
    "average": (nn.AvgPool2d(3), (2, 2), (3, 3)),
    "uneven": (nn.MaxPool2d((2, 3)), (3, 2), (2, 3)),
    "overlapping": (nn.MaxPool2d(3, stride=2), (3, 3), (2, 2)),
    "long": (nn.AvgPool1d(4), (5,), (4,)),
    "deep": (nn.AvgPool3d(2), (2, 3, 2), (2, 2, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_nearest_upsampling_by_the_stride(name):
    pool, size, factors = CASES[name]
    values = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))

    expected = nn.Upsample(scale_factor=factors, mode="nearest")(values)

    assert torch.equal(UnpoolByReplication(pool=pool)(values), expected)


def test_values_by_hand():
    values = torch.tensor([[[1.0, 2.0]]])

    assert UnpoolByReplication(pool=nn.MaxPool1d(3))(values).tolist() == [[[1, 1, 1, 2, 2, 2]]]


def test_the_average_pool_of_its_output_is_its_input():
    values = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    pool = nn.AvgPool2d(2)

    torch.testing.assert_close(pool(UnpoolByReplication(pool=pool)(values)), values)


def test_gradients_are_those_of_finite_differences():
    values = torch.randn(2, 1, 2, 2, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(UnpoolByReplication(pool=nn.MaxPool2d(2)), values)


def test_only_a_pool_can_be_undone():
    with pytest.raises(TypeError, match=r"Linear.* is not a MaxPool or AvgPool"):
        UnpoolByReplication(pool=nn.Linear(2, 2))
