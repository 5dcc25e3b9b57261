import subprocess
import sys

import pytest

from dcrf.config.rules.torch_signatures import (
    check_call,
    check_input_argument,
    integers_in,
    with_integers,
)
from dcrf.errors import Problem

LINEAR = {"in_features": 784, "out_features": 10}


def test_checking_needs_no_torch():
    program = (
        "import sys, dcrf.config.rules.torch_signatures; raise SystemExit('torch' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("place", "name", "arguments", "positional"),
    [
        ("layers", "Linear", LINEAR, []),
        ("layers", "Linear", {"out_features": 10, "bias": False}, [784]),
        ("layers", "Linear", {}, [784, 10, False]),
        ("layers", "Sequential", {}, [{"type": "ReLU"}] * 30),
        ("layers", "Identity", {"anything": 1}, [1, 2, 3]),
        ("layers", "BatchNorm1d", {"num_features": 3, "bias": False}, []),
        ("layers", "Sigmoid", {}, []),
        ("initializers", "zeros", {}, []),
        ("initializers", "zeros_", {}, []),
        ("initializers", "xavier_uniform", {"gain": 2.0}, []),
        ("functions", "softmax", {"dim": 1}, []),
        ("functions", "max_pool2d", {"kernel_size": 2}, []),
        ("functions", "gelu", {"approximate": "tanh"}, []),
        ("optimizers", "Adam", {"lr": 1e-3, "betas": [0.9, 0.99]}, []),
        ("schedulers", "StepLR", {"step_size": 10}, []),
        ("transforms", "RandomApply", {"p": 0.3}, [[{"type": "ToTensor"}]]),
        ("datasets", "FakeData", {"size": 10, "image_size": [1, 4, 4]}, []),
        ("datasets", "EMNIST", {"root": "d", "split": "digits", "train": True}, []),
        ("datasets", "QMNIST", {"root": "d", "what": "test", "download": True}, []),
    ],
)
def test_good_calls_have_no_problem(place, name, arguments, positional):
    assert check_call(place, name, arguments, "$", positional) == []


@pytest.mark.parametrize(
    ("place", "name", "guess"),
    [
        ("layers", "Conv2D", "Conv2d"),
        ("layers", "relu", "ReLU"),
        ("layers", "torch.nn.Linear", "Linear"),
        ("layers", "LayerNrom", "LayerNorm"),
        ("initializers", "xavier_unifrom", "xavier_uniform_"),
        ("functions", "sofmax", "softmax"),
        ("optimizers", "adam", "Adam"),
        ("schedulers", "StepLr", "StepLR"),
        ("transforms", "RandomResizeCrop", "RandomResizedCrop"),
        ("datasets", "Mnist", "MNIST"),
    ],
)
def test_an_unknown_name_comes_with_the_one_that_is_probably_meant(place, name, guess):
    (problem,) = check_call(place, name, {"no": "argument"}, "$.entry", key="which")

    assert problem.path == "$.entry.which"
    assert repr(name) in problem.found
    assert problem.remedy.endswith(f"did you mean {guess!r}?")


def test_a_refused_name_gives_its_reason():
    assert check_call("optimizers", "LBFGS", {}, "$.optimizers[0]") == [
        Problem(
            "$.optimizers[0].type",
            "'LBFGS' cannot be used in a file",
            "it computes the loss several times in a step, but each iteration has one loss",
        )
    ]


def test_a_missing_name_is_a_problem_and_no_error():
    assert check_call("layers", None, {}, "$.layers[0]") == [
        Problem(
            "$.layers[0].type",
            "None is not a name",
            "write the name of a layer of torch.nn or of dcrf",
        )
    ]


def test_unknown_arguments_are_named_each_with_what_is_probably_meant():
    path, known = "$.mappings[0].layers[2]", "it takes in_features, out_features, bias"

    assert check_call("layers", "Linear", LINEAR | {"biass": True, "color": 3}, path) == [
        Problem(f"{path}.biass", "'Linear' takes no argument 'biass'", "did you mean 'bias'?"),
        Problem(f"{path}.color", "'Linear' takes no argument 'color'", known),
    ]


def test_an_argument_of_what_takes_none_is_a_problem():
    (problem,) = check_call("layers", "Tanh", {"inplace": True}, "$")

    assert problem.remedy == "it takes no arguments"


@pytest.mark.parametrize(
    ("place", "name", "arguments", "argument"),
    [
        ("layers", "Linear", LINEAR | {"device": "cuda"}, "device"),
        ("layers", "Embedding", {"num_embeddings": 3, "embedding_dim": 2, "dtype": 1}, "dtype"),
        ("layers", "MaxPool2d", {"kernel_size": 2, "return_indices": True}, "return_indices"),
        ("initializers", "normal_", {"generator": 3}, "generator"),
        ("functions", "layer_norm", {"normalized_shape": [3], "weight": [1, 1, 1]}, "weight"),
        ("optimizers", "SGD", {"params": []}, "params"),
        ("schedulers", "ExponentialLR", {"gamma": 0.9, "last_epoch": 3}, "last_epoch"),
        ("schedulers", "CyclicLR", {"base_lr": 0, "max_lr": 1, "scale_fn": "x"}, "scale_fn"),
        ("datasets", "ImageFolder", {"root": "d", "loader": "os.system"}, "loader"),
        ("datasets", "MNIST", {"root": "d", "transform": "ToTensor"}, "transform"),
    ],
)
def test_arguments_that_a_file_may_not_give_are_refused_with_the_reason(
    place, name, arguments, argument
):
    (problem,) = check_call(place, name, arguments, "$")

    assert problem.found == f"{argument!r} cannot be set in a file"
    assert len(problem.remedy) > 10


@pytest.mark.parametrize("argument", ["_weight", "_freeze", "__class__"])
def test_private_arguments_are_unknown(argument):
    arguments = {"num_embeddings": 3, "embedding_dim": 2, argument: True}
    (problem,) = check_call("layers", "Embedding", arguments, "$")

    assert problem.found == f"'Embedding' takes no argument {argument!r}"


def test_missing_arguments_are_named_together():
    (problem,) = check_call("layers", "Conv2d", {"kernel_size": 3}, "$")

    assert problem.found == "'Conv2d' lacks 'in_channels', 'out_channels'"


def test_too_many_arguments_by_position_are_a_problem():
    (problem,) = check_call("layers", "Linear", {}, "$", [1, 2, True, "cpu"])

    assert problem.found == "'Linear' takes 3 positional arguments, not 4"
    assert problem.remedy == "they are in_features, out_features, bias"


def test_what_takes_no_argument_takes_none_by_position():
    (problem,) = check_call("layers", "Sigmoid", {}, "$", [1])

    assert problem.found == "'Sigmoid' takes 0 positional arguments, not 1"


def test_an_argument_given_twice_is_a_problem():
    (problem,) = check_call("layers", "Linear", {"in_features": 3}, "$", [3, 4])

    assert problem.found == "'in_features' occurs twice, as positional and as keyword argument"


def test_all_problems_of_a_call_are_found_at_once():
    found = [p.found for p in check_call("layers", "Conv2d", {"strid": 2, "device": 0}, "$", [3])]

    assert found == [
        "'Conv2d' takes no argument 'strid'",
        "'device' cannot be set in a file",
        "'Conv2d' lacks 'out_channels', 'kernel_size'",
    ]


def test_the_tensor_of_a_function_goes_in_under_its_own_name():
    assert check_input_argument("softmax", "input", "$") == []
    assert check_input_argument("softmax", None, "$") == []
    assert check_input_argument("gumbel_softmax", "logits", "$") == []
    assert check_input_argument("gumbel_softmax", "input", "$") == []
    assert check_input_argument("no_function", "whatever", "$") == []
    (problem,) = check_input_argument("gumbel_softmax", "tau", "$.f")
    assert problem.path == "$.f.input_argument_name"
    assert problem.remedy == "write 'logits'"


@pytest.mark.parametrize(
    ("place", "name", "given", "converted"),
    [
        ("layers", "Linear", {"in_features": 784.0}, {"in_features": 784}),
        ("layers", "Conv2d", {"kernel_size": [3.0, 5.0]}, {"kernel_size": [3, 5]}),
        ("layers", "Conv2d", {"padding": "same"}, {"padding": "same"}),
        ("layers", "Unflatten", {"unflattened_size": [[2.0], 3]}, {"unflattened_size": [[2], 3]}),
        ("layers", "Linear", {"in_features": 2.5}, {"in_features": 2.5}),
        ("layers", "Identity", {"anything": 2.0}, {"anything": 2.0}),
        ("schedulers", "StepLR", {"step_size": 5e4}, {"step_size": 50000}),
        ("schedulers", "MultiStepLR", {"milestones": [1e2, 2e2]}, {"milestones": [100, 200]}),
        ("transforms", "Resize", {"size": [32.0, 32.0]}, {"size": [32, 32]}),
        ("functions", "interpolate", {"size": 8.0}, {"size": 8}),
        ("functions", "avg_pool2d", {"kernel_size": 2.0}, {"kernel_size": 2}),
        ("datasets", "FakeData", {"size": 1e2}, {"size": 100}),
        ("initializers", "dirac", {"groups": 2.0}, {"groups": 2}),
        ("layers", "NoSuchLayer", {"size": 2.0}, {"size": 2.0}),
        ("layers", None, {"size": 2.0}, {"size": 2.0}),
    ],
)
def test_integers_are_made_where_integers_are_meant(place, name, given, converted):
    found = with_integers(place, name, given)

    assert repr(found) == repr(converted)


@pytest.mark.parametrize(
    ("place", "name", "given"),
    [
        ("layers", "LeakyReLU", {"negative_slope": 1.0}),
        ("layers", "LPPool2d", {"norm_type": 2.0}),
        ("layers", "Upsample", {"scale_factor": [2.0, 2.0]}),
        ("optimizers", "SGD", {"lr": 1.0, "momentum": 0.0, "weight_decay": 1.0}),
        ("initializers", "constant_", {"val": 1.0}),
        ("initializers", "kaiming_uniform_", {"a": 1.0}),
        ("functions", "normalize", {"p": 1.0}),
        ("functions", "gumbel_softmax", {"tau": 1.0}),
        ("transforms", "ColorJitter", {"brightness": 1.0}),
    ],
)
def test_numbers_that_mean_no_integer_stay_what_they_are(place, name, given):
    assert repr(with_integers(place, name, given)) == repr(given)


def test_nested_entries_and_booleans_are_left_alone():
    inner = {"type": "Linear", "in_features": 3.0}
    given = {"encoder_layer": inner, "num_layers": 2.0, "mask_check": True}

    found = with_integers("layers", "TransformerEncoder", given)

    assert found == given
    assert type(found["num_layers"]) is int
    assert found["encoder_layer"] is inner
    assert found["mask_check"] is True
    assert type(given["num_layers"]) is float


@pytest.mark.parametrize(
    ("name", "given", "converted"),
    [
        ("Linear", [784.0, 10.0, True], [784, 10, True]),
        ("LeakyReLU", [1.0], [1.0]),
        ("Conv2d", [3.0, 8.0, [3.0, 3.0]], [3, 8, [3, 3]]),
        ("Sequential", [{"type": "ReLU"}, 2.0], [{"type": "ReLU"}, 2.0]),
        ("Linear", [1.0, 2.0, True, 4.0], [1, 2, True, 4.0]),
        ("NoSuchLayer", [1.0], [1.0]),
    ],
)
def test_integers_are_made_by_position_too(name, given, converted):
    assert repr(integers_in("layers", name, given)) == repr(converted)


def test_what_would_count_as_true_is_no_boolean():
    (problem,) = check_call("layers", "Linear", LINEAR | {"bias": "no"}, "$.mappings[0].layers[2]")

    assert problem.path == "$.mappings[0].layers[2].bias"
    assert problem.found == "'no' is not true or false"


@pytest.mark.parametrize(
    ("place", "name", "arguments", "path", "found"),
    [
        ("optimizers", "Adam", {"betas": [0.9]}, "$.betas", "'betas' has 1 value, not 2"),
        ("optimizers", "Rprop", {"etas": []}, "$.etas", "'etas' has 0 values, not 2"),
        ("optimizers", "Adafactor", {"eps": [1, 2, 3]}, "$.eps", "'eps' has 3 values, not 2"),
        ("transforms", "RandomErasing", {"scale": [0.1]}, "$.scale", "'scale' has 1 value, not 2"),
    ],
)
def test_a_list_has_the_length_of_its_default(place, name, arguments, path, found):
    (problem,) = check_call(place, name, arguments, "$")

    assert (problem.path, problem.found) == (path, found)
    assert problem.remedy.startswith("write 2 numbers, for example [")


def test_a_number_may_stand_for_a_list_if_torch_takes_it():
    assert check_call("transforms", "GaussianBlur", {"kernel_size": 3, "sigma": 0.5}, "$") == []
    assert check_call("optimizers", "Adam", {"betas": [0.9, 0.99]}, "$") == []


@pytest.mark.parametrize("wrong", [1.5, True, "ToTensor", [[1]]])
@pytest.mark.parametrize(
    ("place", "name", "argument"),
    [
        ("transforms", "RandomApply", "transforms"),
        ("transforms", "Compose", "transforms"),
        ("layers", "TransformerEncoder", "encoder_layer"),
    ],
)
def test_a_nested_entry_is_an_object(place, name, argument, wrong):
    arguments = {argument: [wrong], "num_layers": 1} if place == "layers" else {argument: [wrong]}

    (problem,) = check_call(place, name, arguments, "$")

    assert problem.path.startswith(f"$.{argument}[0]")
    assert problem.found.endswith("is not an object")


@pytest.mark.parametrize("wrong", [1.5, True, ["fan_in"], {}])
def test_a_string_is_a_string(wrong):
    (problem,) = check_call("initializers", "kaiming_normal", {"mode": wrong}, "$")

    assert problem.path == "$.mode"
    assert problem.found.endswith("is not a string")
    assert check_call("initializers", "kaiming_normal", {"mode": "fan_out"}, "$") == []


def test_a_function_gets_no_layer_in_place_of_a_string():
    (problem,) = check_call("functions", "gelu", {"approximate": {"type": "ReLU"}}, "$")

    assert (problem.path, problem.found) == ("$.approximate", "an object is not a string")


def test_a_sequence_holds_nested_entries():
    (problem,) = check_call("layers", "Sequential", {}, "$", [{"type": "ReLU"}, 1.5])

    assert problem.path == "$.positional_arguments[1]"


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
def test_a_string_is_not_a_number(place, name, arguments, positional, where, remedy):
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
def test_arguments_of_several_types_are_left_to_torch(place, name, arguments):
    assert check_call(place, name, arguments, "$") == []


def test_the_padding_of_a_convolution_may_be_a_string():
    arguments = {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": "same"}

    assert check_call("layers", "Conv2d", arguments, "$") == []


@pytest.mark.parametrize(
    ("place", "name", "argument", "least"),
    [
        ("layers", "Softplus", "beta", 1e-6),
        ("functions", "softplus", "beta", 1e-6),
        ("functions", "gumbel_softmax", "tau", 1e-6),
        ("datasets", "FakeData", "num_classes", 1),
    ],
)
def test_arguments_have_a_least_value(place, name, argument, least):
    for value in (0, -1, least / 2):
        (problem,) = check_call(place, name, {argument: value}, "$")

        assert problem.path == f"$.{argument}"
        assert "at least" in problem.found

    assert check_call(place, name, {argument: least}, "$") == []


def test_positional_arguments_have_the_same_rules():
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
def test_sizes_of_layers_are_integers(name, arguments, where):
    (problem,) = check_call("layers", name, arguments, "$")

    assert problem.path == f"${where}"
    assert problem.found.endswith("is not an integer")


def test_numbers_that_are_not_sizes_may_have_a_fraction():
    assert check_call("layers", "Linear", {"in_features": 6.0, "out_features": 3}, "$") == []
    assert check_call("layers", "Softplus", {"threshold": 20.5}, "$") == []
    assert check_call("functions", "softplus", {"threshold": 20.5}, "$") == []
    assert check_call("schedulers", "CosineAnnealingLR", {"T_max": 10.5}, "$") == []


def test_members_of_enumerations_are_checked_by_their_values():
    wrong = {"size": 8, "interpolation": "bilinaer"}
    (problem,) = check_call("transforms", "Resize", wrong, "$.t")

    assert (problem.path, problem.remedy) == ("$.t.interpolation", "did you mean 'bilinear'?")
    assert check_call("transforms", "Resize", {"size": 8, "interpolation": "bilinear"}, "$.t") == []
