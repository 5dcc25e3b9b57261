import pytest

from dcrf.config.blocks.mlp import Mlp
from dcrf.errors import OptionError


def of(kind, name, **arguments):
    return {"type": kind, "name": name, **arguments}


def linear(number, width_in, width_out, **others):
    name = f"linear_{number}"
    return of("Linear", name, in_features=width_in, out_features=width_out, **others)


def test_an_activation_stands_between_linear_layers_and_none_after_the_last():
    assert Mlp(sizes=[784, 500, 200, 10]).layers() == [
        linear(1, 784, 500),
        of("ReLU", "activation_1"),
        linear(2, 500, 200),
        of("ReLU", "activation_2"),
        linear(3, 200, 10),
    ]


def test_two_sizes_are_one_linear_layer():
    assert Mlp(sizes=[4, 2]).layers() == [linear(1, 4, 2)]


def test_the_last_layer_has_an_activation_if_asked_for():
    softmax = {"type": "Softmax", "dim": 1}

    assert Mlp(sizes=[4, 2], last_activation=softmax).layers() == [
        linear(1, 4, 2),
        of("Softmax", "last_activation", dim=1),
    ]


def test_batch_norm_precedes_activations_and_replaces_biases_but_those_of_the_last_layer():
    leaky = {"type": "LeakyReLU", "negative_slope": 0.2}

    assert Mlp(sizes=[4, 3, 2], activation=leaky, batch_norm=True).layers() == [
        linear(1, 4, 3, bias=False),
        of("BatchNorm1d", "batch_norm_1", num_features=3),
        of("LeakyReLU", "activation_1", negative_slope=0.2),
        linear(2, 3, 2),
    ]


@pytest.mark.parametrize("sizes", [[], [4], 4, [4, 0], [4, -1], [4, 2.5], [4, True], [4, None]])
def test_sizes_are_at_least_two_positive_integers(sizes):
    with pytest.raises(OptionError, match="at least 2 positive integers") as error:
        Mlp(sizes=sizes).layers()

    assert error.value.key == "sizes"


@pytest.mark.parametrize("key", ["activation", "last_activation"])
@pytest.mark.parametrize("value", [3, [], {"type": "ReLU", "name": "own"}])
def test_an_activation_is_a_layer_without_a_name(key, value):
    with pytest.raises(OptionError, match="expected a layer such as 'ReLU'") as error:
        Mlp(sizes=[4, 3, 2], **{key: value}).layers()

    assert error.value.key == key


def test_layers_of_one_activation_are_entries_of_their_own():
    first, second = (
        layer
        for layer in Mlp(sizes=[4, 3, 2, 2], activation={"type": "ELU"}).layers()
        if layer["type"] == "ELU"
    )

    assert first is not second
