"""The contract of layers, checked for every layer that a file may name."""

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from dcrf.config.rules.torch_signatures import check_call
from dcrf.mappings.build_layers import build_layer
from dcrf.schema import registry
from dcrf.schema.allowed_names import LAYERS, OWN_LAYERS, REFUSED
from dcrf.schema.generate import signature_of, versions
from dcrf.schema.registry import SCHEMA
from tests.cases.own_layers import CASES, build_case
from tests.cases.own_layers import entry_of as entry_of_case

INPUTS = {
    "features": (5, 8),
    "sequence": (5, 4, 8),
    "image": (5, 4, 8, 8),
    "volume": (5, 4, 8, 8, 8),
    "patches": (5, 8, 9),
    "words": (5, 3),
}
KERNEL = {"kernel_size": 2}
CONVOLUTION = {"in_channels": 4, "out_channels": 6, "kernel_size": 3}
LAZY_CONVOLUTION = {"out_channels": 6, "kernel_size": 3}
ENCODER_LAYER = {"d_model": 8, "nhead": 2, "dim_feedforward": 16, "batch_first": True}
SPATIAL = {"1d": "sequence", "2d": "image", "3d": "volume"}
# name without its dimension -> sample arguments
BY_DIMENSION = {
    "AdaptiveAvgPool": {"output_size": 2},
    "AdaptiveMaxPool": {"output_size": 2},
    "AvgPool": KERNEL,
    "BatchNorm": {"num_features": 4},
    "CircularPad": {"padding": 1},
    "ConstantPad": {"padding": 1, "value": 0.5},
    "Conv": CONVOLUTION,
    "ConvTranspose": CONVOLUTION | {"stride": 2, "output_padding": 1},
    "Dropout": {"p": 0.5},
    "InstanceNorm": {"num_features": 4},
    "LPPool": {"norm_type": 2, "kernel_size": 2},
    "LazyBatchNorm": {},
    "LazyConv": LAZY_CONVOLUTION,
    "LazyConvTranspose": LAZY_CONVOLUTION,
    "LazyInstanceNorm": {},
    "MaxPool": KERNEL,
    "ReflectionPad": {"padding": 1},
    "ReplicationPad": {"padding": 1},
    "ZeroPad": {"padding": 1},
}
# activations and others that leave the shape as it is and need no argument
ELEMENTWISE = """
AlphaDropout CELU Dropout ELU FeatureAlphaDropout GELU Hardshrink Hardsigmoid Hardswish Hardtanh
Identity LeakyReLU LogSigmoid Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softplus Softshrink
Softsign Tanh Tanhshrink
"""
SAMPLES = {
    **{
        f"{stem}{dimension}": (arguments, kind)
        for stem, arguments in BY_DIMENSION.items()
        for dimension, kind in SPATIAL.items()
    },
    **{name: ({}, "features") for name in ELEMENTWISE.split()},
    "ChannelShuffle": ({"groups": 2}, "image"),
    "CrossMapLRN2d": ({"size": 3}, "image"),
    "Embedding": ({"num_embeddings": 6, "embedding_dim": 2}, "words"),
    "EmbeddingBag": ({"num_embeddings": 6, "embedding_dim": 2}, "words"),
    "Flatten": ({"start_dim": 1}, "image"),
    "Fold": ({"output_size": [4, 4], "kernel_size": [2, 2]}, "patches"),
    "FractionalMaxPool2d": ({"kernel_size": 2, "output_size": [3, 3]}, "image"),
    "FractionalMaxPool3d": ({"kernel_size": 2, "output_ratio": [0.5, 0.5, 0.5]}, "volume"),
    "GLU": ({"dim": 1}, "features"),
    "GRUCell": ({"input_size": 8, "hidden_size": 3}, "features"),
    "GroupNorm": ({"num_groups": 2, "num_channels": 4}, "image"),
    "LayerNorm": ({"normalized_shape": [8, 8]}, "image"),
    "LazyLinear": ({"out_features": 3}, "features"),
    "Linear": ({"in_features": 8, "out_features": 3}, "features"),
    "LocalResponseNorm": ({"size": 2}, "image"),
    "LogSoftmax": ({"dim": 1}, "features"),
    "PixelShuffle": ({"upscale_factor": 2}, "image"),
    "PixelUnshuffle": ({"downscale_factor": 2}, "image"),
    "RMSNorm": ({"normalized_shape": [8]}, "features"),
    "RNNCell": ({"input_size": 8, "hidden_size": 3}, "features"),
    "Sequential": ({}, "features"),
    "Softmax": ({"dim": 1}, "features"),
    "Softmax2d": ({}, "image"),
    "Softmin": ({"dim": 1}, "features"),
    "SyncBatchNorm": ({"num_features": 4}, "image"),
    "Threshold": ({"threshold": 0.1, "value": 0.0}, "features"),
    "TransformerEncoder": (
        {"encoder_layer": {"type": "TransformerEncoderLayer"} | ENCODER_LAYER, "num_layers": 2},
        "sequence",
    ),
    "TransformerEncoderLayer": (ENCODER_LAYER | {"activation": "gelu"}, "sequence"),
    "Unflatten": ({"dim": 1, "unflattened_size": [2, 4]}, "features"),
    "Unfold": ({"kernel_size": [2, 2]}, "image"),
    "Upsample": ({"scale_factor": 2}, "image"),
    "UpsamplingBilinear2d": ({"scale_factor": 2}, "image"),
    "UpsamplingNearest2d": ({"size": [4, 4]}, "image"),
}
NOT_RUN = {"SyncBatchNorm": "it runs on a GPU only"}

TESTS = Path(__file__).parents[1]
SIZES = (5, 1)

every_own_layer = pytest.mark.parametrize("stem", OWN_LAYERS)
every_layer = pytest.mark.parametrize("name", SAMPLES)
pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")


def entry_of(name):
    arguments, _ = SAMPLES[name]
    return json.loads(json.dumps({"type": name} | arguments))


def samples_for(name):
    shape = INPUTS[SAMPLES[name][1]]
    if shape == INPUTS["words"]:
        return torch.arange(15).reshape(shape) % 6
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def attempts(name):
    """Yield calls of a layer, good and bad ones: arguments by position, arguments by key."""
    sample, _ = SAMPLES[name]
    required = [n for n, p in signature_of(LAYERS[name]).items() if p.default is p.empty]
    first = [sample[argument] for argument in required if argument in sample]
    rest = {key: value for key, value in sample.items() if key not in required}
    yield [], sample
    yield first, rest
    yield first, sample
    yield [], sample | {"no_such_argument": 1}
    yield [], {**sample, "__class__": 1}
    yield [*first, *[None] * 20], rest
    for argument in sample:
        yield [], {key: value for key, value in sample.items() if key != argument}


def is_accepted_by_torch(name, positional, arguments):
    try:
        build_layer({"type": name, "positional_arguments": positional} | arguments)
    except TypeError:
        return False
    except ValueError:
        return True  # it takes these arguments, but not these values
    return True


def test_no_layer_is_forgotten():
    made_with = json.loads((SCHEMA / "names/layers.json").read_text())["versions"]
    if made_with != versions():
        pytest.skip(f"the tables were made with {made_with}, installed are {versions()}")

    assert SAMPLES.keys() == LAYERS.keys() - OWN_LAYERS.keys()
    assert NOT_RUN.keys() <= SAMPLES.keys()


@every_layer
def test_a_layer_is_built_from_its_entry(name):
    assert type(build_layer(entry_of(name))) is LAYERS[name]


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - NOT_RUN))
def test_a_layer_gives_one_tensor_with_a_row_per_sample(name):
    layer, samples = build_layer(entry_of(name)), samples_for(name)

    with torch.no_grad():
        output = layer(samples)

    assert isinstance(output, torch.Tensor)
    assert len(output) == len(samples)
    assert output.isfinite().all()
    assert not any(isinstance(p, nn.UninitializedParameter) for p in layer.parameters())


@every_layer
def test_a_call_is_checked_as_torch_takes_it(name):
    for positional, arguments in attempts(name):
        is_good = check_call("layers", name, arguments, "$", positional) == []

        assert is_good == is_accepted_by_torch(name, positional, arguments), (positional, arguments)


@pytest.mark.parametrize("name", ["Linear", "Conv2d", "Embedding", "TransformerEncoder"])
def test_the_sample_calls_hold_good_and_bad_ones(name):
    verdicts = {check_call("layers", name, kw, "$", args) == [] for args, kw in attempts(name)}

    assert verdicts == {True, False}


def samples_of(stem, size=5):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(size, *CASES[stem]["sample_shape"], generator=generator)


def test_every_layer_of_our_own_has_a_case_and_a_unit_test():
    unit_tests = {f.stem.removeprefix("test_") for f in TESTS.glob("unit/mappings/layers/test_*")}

    assert CASES.keys() == unit_tests == OWN_LAYERS.keys() == {*registry.LAYERS.stems}


@every_own_layer
def test_a_layer_of_our_own_has_the_name_of_its_class_and_describes_itself(stem):
    table = json.loads((SCHEMA / "names/layers.json").read_text())["names"]

    assert OWN_LAYERS[stem].__name__ == "".join(map(str.capitalize, stem.split("_")))
    assert len(table[stem]["description"]) > 20


@every_own_layer
def test_the_message_of_a_refused_layer_names_the_one_that_replaces_it(stem):
    for name in getattr(OWN_LAYERS[stem], "replaces", ()):
        assert REFUSED["layers"][name].endswith(f"; write {stem!r}")


@every_own_layer
def test_a_layer_of_our_own_gives_a_row_per_sample_and_trains(stem):
    mapping = build_case(stem)
    for size in SIZES:
        samples = samples_of(stem, size).requires_grad_()
        output = mapping(samples)
        output.square().sum().backward()

        assert len(output) == size
        assert output.isfinite().all()
        assert samples.grad.isfinite().all()
        assert samples.grad.abs().sum() > 0
        for name, parameter in mapping.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


@every_own_layer
def test_a_row_in_evaluation_mode_depends_on_its_sample_only(stem):
    mapping, samples = build_case(stem).eval(), samples_of(stem)
    with torch.no_grad():
        output = mapping(samples)

        torch.testing.assert_close(mapping(samples[1:3]), output[1:3])
        assert torch.equal(mapping(samples), output)


@every_own_layer
@pytest.mark.parametrize("training", [True, False])
def test_shapes_on_the_meta_device_are_those_of_real_tensors(stem, training):
    real = build_case(stem).train(training)
    on_meta = copy.deepcopy(real).to("meta")
    for size in SIZES:
        samples = samples_of(stem, size)
        with torch.set_grad_enabled(training):
            assert on_meta(samples.to("meta")).shape == real(samples).shape


@every_own_layer
def test_a_layer_of_our_own_runs_in_bfloat16(stem):
    mapping, samples = build_case(stem, precision="bf16"), samples_of(stem)
    output = mapping(samples)

    assert output.dtype == torch.float32
    assert output.isfinite().all()


@every_own_layer
def test_a_copy_and_a_layer_with_the_same_parameters_give_the_same(stem):
    mapping, other = build_case(stem).eval(), build_case(stem, seed=1).eval()
    copied = copy.deepcopy(mapping)
    other.load_state_dict(mapping.state_dict())

    samples = samples_of(stem)
    with torch.no_grad():
        assert torch.equal(copied(samples), mapping(samples))
        assert torch.equal(other(samples), mapping(samples))


@every_own_layer
def test_a_layer_of_our_own_leaves_its_input_as_it_is(stem):
    samples = samples_of(stem)
    before = samples.clone()
    build_case(stem)(samples)

    assert torch.equal(samples, before)


@every_own_layer
def test_unknown_and_missing_arguments_of_a_layer_of_our_own_are_problems(stem):
    arguments = {k: v for k, v in entry_of_case(stem).items() if k not in ("type", "name")}
    table = json.loads((SCHEMA / "names/layers.json").read_text())["names"][stem]

    assert check_call("layers", stem, arguments, "$") == []
    (problem,) = check_call("layers", stem, {**arguments, "no_such": 1}, "$")
    assert problem.path == "$.no_such"
    for name in table.get("required", ()):
        rest = {key: value for key, value in arguments.items() if key != name}
        assert [p.path for p in check_call("layers", stem, rest, "$")] == ["$"]
    for name in arguments.keys() - {*table.get("entries", ())}:  # nested layers are entries
        assert check_call("layers", stem, {**arguments, name: {}}, "$")
    for name in table.get("choices", ()):
        (problem,) = check_call("layers", stem, {**arguments, name: "no_such"}, "$")
        assert problem.path == f"$.{name}"


@every_own_layer
def test_the_arguments_of_a_layer_of_our_own_are_typed_keywords(stem):
    for name, parameter in signature_of(OWN_LAYERS[stem]).items():
        assert parameter.annotation is not parameter.empty, name
        assert parameter.kind is parameter.KEYWORD_ONLY, name
