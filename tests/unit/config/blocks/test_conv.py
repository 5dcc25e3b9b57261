import pytest

from dcrf.config.blocks.conv import Conv
from dcrf.errors import OptionError


def of(kind, name, **arguments):
    return {"type": kind, "name": name, **arguments}


def conv(number, n_in, n_out, kernel, stride=1, padding=0, **others):
    windows = {"kernel_size": kernel, "stride": stride, "padding": padding}
    return of("Conv2d", f"conv_{number}", in_channels=n_in, out_channels=n_out, **windows, **others)


def test_dcec_is_a_block_with_an_activation_after_every_convolution():
    block = Conv(
        channels=[1, 32, 64, 128],
        kernel_size=[5, 5, 3],
        stride=2,
        padding=[2, 2, 0],
        last_activation="ReLU",
        flatten=True,
    )

    assert block.layers() == [
        conv(1, 1, 32, 5, 2, 2),
        of("ReLU", "activation_1"),
        conv(2, 32, 64, 5, 2, 2),
        of("ReLU", "activation_2"),
        conv(3, 64, 128, 3, 2, 0),
        of("ReLU", "last_activation"),
        of("Flatten", "flatten"),
    ]


def test_batch_norm_follows_every_convolution_and_pools_follow_activations():
    block = Conv(channels=[1, 50, 120], kernel_size=[5, 4], pool=["max", None], batch_norm=True)

    assert block.layers() == [
        conv(1, 1, 50, 5, bias=False),
        of("BatchNorm2d", "batch_norm_1", num_features=50),
        of("ReLU", "activation_1"),
        of("MaxPool2d", "pool_1", kernel_size=2),
        conv(2, 50, 120, 4, bias=False),
        of("BatchNorm2d", "batch_norm_2", num_features=120),
    ]


def test_one_value_holds_for_all_convolutions():
    block = Conv(channels=[3, 4, 5], kernel_size=3, padding="same", pool="average", pool_size=3)

    assert block.layers() == [
        conv(1, 3, 4, 3, padding="same"),
        of("ReLU", "activation_1"),
        of("AvgPool2d", "pool_1", kernel_size=3),
        conv(2, 4, 5, 3, padding="same"),
        of("AvgPool2d", "pool_2", kernel_size=3),
    ]


@pytest.mark.parametrize("key", ["kernel_size", "stride", "padding", "pool"])
def test_a_list_has_a_value_for_each_convolution(key):
    arguments = {"channels": [1, 2, 3], "kernel_size": 3, key: [1]}
    with pytest.raises(OptionError, match="a list of one for each of 2 layers") as error:
        Conv(**arguments).layers()

    assert error.value.key == key


@pytest.mark.parametrize("pool", ["min", 2, ["max", "min"], {"max": 2}])
def test_a_pool_is_of_a_known_kind(pool):
    with pytest.raises(OptionError, match="expected 'max', 'average' or null"):
        Conv(channels=[1, 2, 3], kernel_size=3, pool=pool).layers()


@pytest.mark.parametrize("channels", [[1], 3, [1, 0]])
def test_channels_are_at_least_two_positive_integers(channels):
    with pytest.raises(OptionError, match="at least 2 positive integers") as error:
        Conv(channels=channels, kernel_size=3).layers()

    assert error.value.key == "channels"
