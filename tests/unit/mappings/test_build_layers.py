import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional

from dcrf.mappings.build_layers import (
    bind_function,
    build_layer,
    check_sizes,
    initialize,
    number_of_layers,
)
from dcrf.schema.allowed_names import FUNCTIONS, INITIALIZERS

SEQUENCE, IMAGE, VOLUME = (2, 4, 8), (2, 4, 8, 8), (2, 4, 8, 8, 8)
POOL = {"kernel_size": 2}
FUNCTION_SAMPLES = {
    "adaptive_avg_pool1d": (SEQUENCE, {"output_size": 2}),
    "adaptive_avg_pool2d": (IMAGE, {"output_size": [2, 3]}),
    "adaptive_avg_pool3d": (VOLUME, {"output_size": 2}),
    "adaptive_max_pool1d": (SEQUENCE, {"output_size": 2}),
    "adaptive_max_pool2d": (IMAGE, {"output_size": [2, 3]}),
    "adaptive_max_pool3d": (VOLUME, {"output_size": 2}),
    "alpha_dropout": (SEQUENCE, {"p": 0.2}),
    "avg_pool1d": (SEQUENCE, POOL),
    "avg_pool2d": (IMAGE, POOL),
    "avg_pool3d": (VOLUME, POOL),
    "channel_shuffle": (IMAGE, {"groups": 2}),
    "dropout": (SEQUENCE, {"p": 0.2, "training": False}),
    "dropout1d": (SEQUENCE, {"p": 0.2, "training": False}),
    "dropout2d": (IMAGE, {"p": 0.2, "training": False}),
    "dropout3d": (VOLUME, {"p": 0.2, "training": False}),
    "fold": ((2, 8, 9), {"output_size": [4, 4], "kernel_size": [2, 2]}),
    "fractional_max_pool2d": (IMAGE, POOL | {"output_size": 3}),
    "fractional_max_pool3d": (VOLUME, POOL | {"output_size": 3}),
    "group_norm": (IMAGE, {"num_groups": 2}),
    "gumbel_softmax": (SEQUENCE, {"tau": 0.5, "input_argument_name": "logits"}),
    "interpolate": (IMAGE, {"size": [4, 4], "mode": "bilinear"}),
    "layer_norm": (IMAGE, {"normalized_shape": [8, 8]}),
    "local_response_norm": (IMAGE, {"size": 2}),
    "log_softmax": (SEQUENCE, {"dim": 1}),
    "lp_pool1d": (SEQUENCE, POOL | {"norm_type": 2.0}),
    "lp_pool2d": (IMAGE, POOL | {"norm_type": 2.0}),
    "lp_pool3d": (VOLUME, POOL | {"norm_type": 2.0}),
    "max_pool1d": (SEQUENCE, POOL),
    "max_pool2d": (IMAGE, POOL),
    "max_pool3d": (VOLUME, POOL),
    "normalize": (SEQUENCE, {"dim": 1}),
    "pad": (SEQUENCE, {"pad": [1, 1]}),
    "pixel_shuffle": (IMAGE, {"upscale_factor": 2}),
    "pixel_unshuffle": (IMAGE, {"downscale_factor": 2}),
    "rms_norm": (IMAGE, {"normalized_shape": [8]}),
    "softmax": (SEQUENCE, {"dim": 1}),
    "softmin": (SEQUENCE, {"dim": 1}),
    "threshold": (SEQUENCE, {"threshold": 0.1, "value": 0.0}),
    "unfold": (IMAGE, POOL),
    "upsample": (IMAGE, {"scale_factor": 2}),
    "upsample_bilinear": (IMAGE, {"scale_factor": 2}),
    "upsample_nearest": (IMAGE, {"scale_factor": 2}),
}
ENCODER_SIZE = {"d_model": 8, "nhead": 2, "dim_feedforward": 16, "batch_first": True}
ENCODER_LAYER = {"type": "TransformerEncoderLayer", "name": "block"} | ENCODER_SIZE


def test_keys_are_arguments_but_for_type_and_name():
    layer = build_layer({"type": "Linear", "name": "a", "in_features": 3, "out_features": 2})

    assert isinstance(layer, nn.Linear)
    assert layer.weight.shape == (2, 3)


def test_arguments_go_in_by_position_too():
    layer = build_layer({"type": "Linear", "positional_arguments": [3, 2], "bias": False})

    assert layer.weight.shape == (2, 3)
    assert layer.bias is None


def test_lists_become_tuples():
    lists = {"positional_arguments": [1, 4, [3, 5]], "stride": [2, 1], "padding": [1, 2]}
    layer = build_layer({"type": "Conv2d"} | lists)

    assert (layer.kernel_size, layer.stride, layer.padding) == ((3, 5), (2, 1), (1, 2))


def test_sequential_layers_nest_and_every_name_is_found():
    named: dict[str, nn.Module] = {}
    inner = {
        "type": "Sequential",
        "name": "inner",
        "positional_arguments": [
            {"type": "Linear", "name": "first", "in_features": 4, "out_features": 3},
            {"type": "Sequential", "positional_arguments": [{"type": "ReLU", "name": "last"}]},
        ],
    }
    outer = build_layer({"type": "Sequential", "positional_arguments": [inner]}, named)

    assert outer(torch.ones(2, 4)).shape == (2, 3)
    assert named == {"inner": outer[0], "first": outer[0][0], "last": outer[0][1][0]}


@pytest.mark.parametrize("by_position", [True, False])
def test_a_transformer_encoder_is_built_with_the_layers_inside_it(by_position):
    norm = {"type": "LayerNorm", "name": "end", "normalized_shape": [8]}
    arguments_by_name = {"encoder_layer": ENCODER_LAYER, "num_layers": 2}
    arguments = (
        {"positional_arguments": list(arguments_by_name.values())}
        if by_position
        else arguments_by_name
    )
    named: dict[str, nn.Module] = {}

    encoder = build_layer({"type": "TransformerEncoder", "norm": norm} | arguments, named)

    assert encoder(torch.ones(3, 5, 8)).shape == (3, 5, 8)
    assert len(encoder.layers) == 2
    assert encoder.norm is named["end"]
    assert named.keys() == {"block", "end"}


def test_building_leaves_the_entry_as_it_is():
    entry = {"type": "Sequential", "positional_arguments": [{"type": "ReLU", "name": "a"}]}
    before = copy.deepcopy(entry)
    build_layer(entry, {})
    assert entry == before


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "Linear", "in_features": 3},
        {"type": "Linear", "in_features": "three", "out_features": 2},
        {"type": "Conv2d", "in_channels": 3, "out_channels": 4, "kernel_size": 3, "groups": 2},
        {"type": "Sequential", "positional_arguments": [3]},
        {"type": "NoSuchLayer"},
        {"type": "torch.nn.Linear"},
    ],
)
def test_arguments_that_torch_rejects_raise_a_type_or_value_error(entry):
    with pytest.raises((TypeError, ValueError)):
        build_layer(entry)


def test_every_function_of_the_table_has_a_sample_or_needs_no_argument():
    assert FUNCTION_SAMPLES.keys() <= FUNCTIONS.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore:.*upsample.* is deprecated")
def test_every_function_takes_a_tensor_and_gives_one(name):
    shape, arguments = FUNCTION_SAMPLES.get(name, (SEQUENCE, {}))
    samples = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    before = samples.clone()

    output = bind_function({"function_name": name} | arguments)(samples)

    assert isinstance(output, torch.Tensor)
    assert len(output) == len(samples)
    assert torch.equal(samples, before)


def test_a_function_keeps_its_arguments():
    bound = bind_function({"function_name": "softmax", "input_argument_name": "input", "dim": 0})

    torch.testing.assert_close(bound(torch.eye(3)), torch.eye(3).softmax(0))


def test_a_function_never_overwrites_its_input():
    samples = torch.tensor([-1.0, 1.0])
    output = bind_function({"function_name": "relu", "inplace": True})(samples)

    assert output.tolist() == [0.0, 1.0]
    assert samples.tolist() == [-1.0, 1.0]


def test_a_bound_function_can_be_pickled():
    bound = pickle.loads(pickle.dumps(bind_function({"function_name": "leaky_relu"})))

    assert torch.equal(bound(torch.arange(-2.0, 2)), functional.leaky_relu(torch.arange(-2.0, 2)))


def test_a_function_that_no_file_may_name_is_an_error():
    with pytest.raises(ValueError, match="cross_entropy"):
        bind_function({"function_name": "cross_entropy"})


@pytest.mark.parametrize("name", ["zeros", "zeros_", "ones", "ones_"])
@pytest.mark.parametrize("weight_type", ["weight", "bias"])
def test_a_parameter_is_overwritten_under_either_spelling(name, weight_type):
    layer = nn.Linear(3, 2)
    untouched = {k: p.clone() for k, p in layer.named_parameters() if k != weight_type}

    initialize(layer, weight_type, name, {})

    assert (getattr(layer, weight_type) == (1.0 if "ones" in name else 0.0)).all()
    assert all(torch.equal(layer.get_parameter(k), p) for k, p in untouched.items())
    assert all(p.requires_grad and p.grad_fn is None for p in layer.parameters())


def test_arguments_reach_the_initializer():
    layer = nn.Linear(3, 2)
    initialize(layer, "weight", "constant", {"val": 0.25})

    assert (layer.weight == 0.25).all()


@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_initializer_works_on_a_weight_it_suits(name):
    is_dirac = name == "dirac_"
    layer = nn.Conv1d(3, 3, 3) if is_dirac else nn.Linear(30, 20)
    before = layer.weight.detach().clone()
    arguments = {"constant_": {"val": 2.0}, "sparse_": {"sparsity": 0.5}}.get(name, {})

    initialize(layer, "weight", name.removesuffix("_"), arguments)

    assert not torch.equal(layer.weight, before)
    assert layer.weight.requires_grad


def test_an_initializer_draws_from_the_seeded_generator():
    layers = [nn.Linear(3, 2), nn.Linear(3, 2)]
    for layer in layers:
        torch.manual_seed(5)
        initialize(layer, "weight", "normal", {"std": 0.1})

    assert torch.equal(layers[0].weight, layers[1].weight)


@pytest.mark.parametrize(
    ("layer", "weight_type"),
    [
        (nn.ReLU(), "weight"),
        (nn.Linear(3, 2, bias=False), "bias"),
        (nn.Sequential(nn.Linear(3, 2)), "weight"),
        (nn.Linear(3, 2), "__class__"),
    ],
)
def test_a_layer_without_the_parameter_is_an_error(layer, weight_type):
    with pytest.raises(ValueError, match=f"has no {weight_type}"):
        initialize(layer, weight_type, "zeros_", {})


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_a_lazy_layer_cannot_be_initialized_before_its_first_batch():
    with pytest.raises(ValueError, match="no shape before the first batch"):
        initialize(nn.LazyLinear(3), "weight", "zeros_", {})


def test_a_shape_that_does_not_suit_the_initializer_is_an_error():
    with pytest.raises(ValueError, match="dimensions"):
        initialize(nn.Linear(3, 2), "bias", "xavier_normal", {})


@pytest.mark.parametrize("name", ["calculate_gain", "os", "_no_grad_fill", "__init__"])
def test_a_name_without_an_initializer_is_an_error(name):
    with pytest.raises(ValueError, match="not an allowed name"):
        initialize(nn.Linear(3, 2), "weight", name, {})


def test_a_layer_does_not_modify_its_input():
    samples = torch.tensor([-1.0, 1.0])

    output = build_layer({"type": "ReLU", "inplace": True})(samples)

    assert output.tolist() == [0, 1]
    assert samples.tolist() == [-1, 1]


def test_a_function_that_depends_on_training_follows_the_mode():
    dropout, ones = bind_function({"function_name": "dropout", "p": 0.9}), torch.ones(100)

    assert not torch.equal(dropout(ones), ones)
    assert torch.equal(dropout.eval()(ones), ones)


def test_a_function_takes_no_layers():
    with pytest.raises(TypeError, match="'dim' of a function cannot be an object"):
        bind_function({"function_name": "normalize", "dim": {"type": "Linear"}})


LINEAR = {"type": "Linear", "in_features": 2, "out_features": 2}


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        (LINEAR, 1),
        ({"type": "Sequential", "positional_arguments": [LINEAR, LINEAR]}, 3),
        (
            {
                "type": "TransformerEncoder",
                "encoder_layer": ENCODER_LAYER,
                "num_layers": 4,
            },
            5,
        ),
        ({"type": "TransformerEncoder", "positional_arguments": [ENCODER_LAYER, 4]}, 5),
    ],
)
def test_nested_and_copied_layers_are_counted(entry, number):
    assert number_of_layers(entry) == number


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_layer_of_size_zero_is_an_error():
    with pytest.raises(ValueError, match=r"weight of .* has no elements: a size is 0"):
        check_sizes(nn.Conv1d(1, 0, 3))


def test_a_layer_without_a_shape_yet_passes_the_check_of_sizes():
    check_sizes(nn.LazyLinear(3))
