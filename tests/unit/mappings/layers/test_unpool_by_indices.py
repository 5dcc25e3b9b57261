import pytest
import torch
from torch import nn

from dcrf.errors import TrainingError
from dcrf.mappings.layers.unpool_by_indices import UnpoolByIndices
from dcrf.mappings.mapping import TrainableMapping

POOLS = {
    "halves": (nn.MaxPool2d, nn.MaxUnpool2d, (4, 6), {"kernel_size": 2}),
    "odd": (nn.MaxPool2d, nn.MaxUnpool2d, (5, 7), {"kernel_size": 2}),
    "padded": (nn.MaxPool2d, nn.MaxUnpool2d, (6, 6), {"kernel_size": 2, "padding": 1}),
    "long": (nn.MaxPool1d, nn.MaxUnpool1d, (9,), {"kernel_size": 3, "stride": 2}),
    "deep": (nn.MaxPool3d, nn.MaxUnpool3d, (4, 5, 3), {"kernel_size": 2}),
}


def samples(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", POOLS)
def test_values_return_to_where_torch_puts_them(name):
    pool_type, unpool_type, size, options = POOLS[name]
    images = samples(3, 2, *size)
    values, indices = pool_type(**options, return_indices=True)(images)
    expected = unpool_type(**options)(values, indices, output_size=images.shape)

    pool = pool_type(**options)
    mapping = TrainableMapping([pool, UnpoolByIndices(pool=pool)])

    assert torch.equal(mapping(images), expected)


def test_an_image_by_hand():
    pool = nn.MaxPool2d(2)
    image = torch.tensor([[[[1.0, 5.0, 2.0], [3.0, 4.0, 9.0]]]])

    output = TrainableMapping([pool, UnpoolByIndices(pool=pool)])(image)

    assert output.tolist() == [[[[0.0, 5.0, 0.0], [0.0, 0.0, 0.0]]]]


def test_gradients_are_those_of_finite_differences():
    pool = nn.MaxPool2d(2)
    mapping = TrainableMapping([pool, nn.Tanh(), UnpoolByIndices(pool=pool)])

    assert torch.autograd.gradcheck(mapping, samples(2, 1, 4, 4).requires_grad_())


def test_layers_between_pool_and_unpooling_may_change_the_values():
    pool = nn.MaxPool1d(2)
    mapping = TrainableMapping([pool, nn.Hardtanh(0, 1), UnpoolByIndices(pool=pool)])

    assert mapping(torch.tensor([[[3.0, 1.0, 0.2, 0.5]]])).tolist() == [[[1.0, 0.0, 0.0, 0.5]]]


def test_the_pool_still_gives_one_tensor_to_the_next_layer():
    images = samples(3, 2, 4, 4)
    pool = nn.MaxPool2d(2)
    UnpoolByIndices(pool=pool)

    assert torch.equal(pool(images), nn.MaxPool2d(2)(images))
    assert torch.equal(nn.Sequential(pool, nn.ReLU())(images), nn.MaxPool2d(2)(images).relu())


def test_two_layers_may_undo_one_pool():
    pool = nn.MaxPool2d(2)
    encoder = TrainableMapping([pool])
    decoders = [TrainableMapping([UnpoolByIndices(pool=pool)]) for _ in range(2)]
    codes = encoder(samples(3, 2, 4, 4))

    assert torch.equal(decoders[0](codes), decoders[1](codes))


def test_a_pool_that_has_not_run_is_an_error():
    pool = nn.MaxPool2d(2)
    late = TrainableMapping([UnpoolByIndices(pool=pool), pool])

    with pytest.raises(
        TrainingError, match=r"input of shape \(3, 2, 2, 2\).*pass through the pool"
    ):
        late(samples(3, 2, 2, 2))


def test_values_of_another_shape_are_an_error():
    pool = nn.MaxPool2d(2)
    mapping = TrainableMapping([pool, nn.Flatten(), UnpoolByIndices(pool=pool)])

    with pytest.raises(TrainingError, match=r"the pool gave shape \(3, 2, 2, 2\)"):
        mapping(samples(3, 2, 4, 4))


def test_only_a_max_pool_can_be_undone():
    with pytest.raises(TypeError, match=r"AvgPool2d.* is not a MaxPool"):
        UnpoolByIndices(pool=nn.AvgPool2d(2))
