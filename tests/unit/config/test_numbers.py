"""What may stand in a file where a constructor of torch takes numbers."""

import pytest

from dcrf.config.rules.torch_signatures import check_call


@pytest.mark.parametrize(
    ("place", "name", "arguments", "positional", "where", "remedy"),
    [
        (
            "layers",
            "Linear",
            {"in_features": "6", "out_features": 3},
            [],
            ".in_features",
            "write 6 for",
        ),
        ("layers", "Linear", {}, ["6", 3], ".positional_arguments[0]", "write 6 for"),
        ("layers", "MaxPool2d", {"kernel_size": [2, "x"]}, [], ".kernel_size[1]", "write a number"),
        ("layers", "Dropout", {"p": {"type": "ReLU"}}, [], ".p", "write a number"),
        ("functions", "softplus", {"beta": "2"}, [], ".beta", "write 2 for"),
        ("initializers", "normal", {"std": "0.1"}, [], ".std", "write 0.1 for"),
        ("optimizers", "Adam", {"lr": "1e-3"}, [], ".lr", "write 1e-3 for"),
        ("optimizers", "Adam", {"betas": [0.9, "x"]}, [], ".betas[1]", "write a number"),
        ("schedulers", "MultiStepLR", {"milestones": [3], "gamma": "a"}, [], ".gamma", "a number"),
        ("transforms", "RandomRotation", {"degrees": "30"}, [], ".degrees", "write 30 for"),
        ("datasets", "FakeData", {"num_classes": "a"}, [], ".num_classes", "write a number"),
    ],
)
def test_words_are_no_numbers(place, name, arguments, positional, where, remedy):
    (problem,) = check_call(place, name, arguments, "$", positional)

    assert problem.path == f"${where}"
    assert problem.found.endswith("is not a number")
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("place", "name", "arguments"),
    [
        ("layers", "Conv2d", {"in_channels": 1, "out_channels": 1, "kernel_size": [3, 3]}),
        ("layers", "AdaptiveAvgPool2d", {"output_size": [None, 2]}),
        ("layers", "Softmax", {"dim": None}),
        ("layers", "BatchNorm1d", {"num_features": 3, "momentum": None}),
        ("functions", "max_pool2d", {"kernel_size": [2, 2], "stride": None}),
        ("transforms", "Pad", {"padding": 2, "fill": "red"}),
        ("transforms", "RandomErasing", {"value": "random"}),
        ("transforms", "AugMix", {"fill": "red"}),
        ("optimizers", "Adafactor", {"eps": [None, 1e-3]}),
        ("datasets", "Imagenette", {"root": "d", "size": "320px"}),
        ("datasets", "STL10", {"root": "d", "folds": None}),
    ],
)
def test_what_is_not_only_a_number_is_left_to_torch(place, name, arguments):
    assert check_call(place, name, arguments, "$") == []


def test_a_word_for_the_padding_of_a_convolution_is_left_to_torch():
    given = {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": "same"}

    assert check_call("layers", "Conv2d", given, "$") == []


@pytest.mark.parametrize(
    ("place", "name", "argument", "least"),
    [
        ("layers", "Softplus", "beta", 1e-6),
        ("functions", "softplus", "beta", 1e-6),
        ("functions", "gumbel_softmax", "tau", 1e-6),
        ("datasets", "FakeData", "num_classes", 1),
    ],
)
def test_what_must_be_positive_is(place, name, argument, least):
    for value in (0, -1, least / 2):
        (problem,) = check_call(place, name, {argument: value}, "$")

        assert problem.path == f"$.{argument}"
        assert "at least" in problem.found

    assert check_call(place, name, {argument: least}, "$") == []


def test_arguments_by_position_have_the_same_rules():
    (problem,) = check_call("layers", "Softplus", {}, "$", [0])
    assert problem.path == "$.positional_arguments[0]"

    (problem,) = check_call("layers", "Linear", {}, "$", [3, 4, "no"])
    assert problem.path == "$.positional_arguments[2]"
    assert problem.found == "'no' is not true or false"


@pytest.mark.parametrize(
    ("name", "arguments", "where"),
    [
        ("Linear", {"in_features": 6.5, "out_features": 3}, ".in_features"),
        ("MaxPool2d", {"kernel_size": [2, 1.5]}, ".kernel_size[1]"),
        ("Flatten", {"start_dim": 0.5}, ".start_dim"),
    ],
)
def test_sizes_of_layers_are_whole(name, arguments, where):
    (problem,) = check_call("layers", name, arguments, "$")

    assert problem.path == f"${where}"
    assert problem.found.endswith("is not an integer")


def test_what_is_only_mostly_whole_may_have_a_fraction():
    assert check_call("layers", "Linear", {"in_features": 6.0, "out_features": 3}, "$") == []
    assert check_call("layers", "Softplus", {"threshold": 20.5}, "$") == []
    assert check_call("functions", "softplus", {"threshold": 20.5}, "$") == []
    assert check_call("schedulers", "CosineAnnealingLR", {"T_max": 10.5}, "$") == []
