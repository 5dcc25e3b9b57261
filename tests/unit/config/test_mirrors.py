"""`mirror_of` writes out layers, or says at its key why it cannot."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dcrf.config import load_checked
from dcrf.config.load import with_places
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import method, only_pretraining, written
from tests.cases.own_layers import build, extractor

KEY = "$.mappings[1].mirror_of"
LINEAR = {"type": "Linear", "in_features": 6, "out_features": 4}
POOL = {"type": "MaxPool2d", "kernel_size": 2}


def conv(n_in=1, n_out=2, kernel_size=3, axes=2, **others):
    sizes = {"in_channels": n_in, "out_channels": n_out, "kernel_size": kernel_size}
    return {"type": f"Conv{axes}d", **sizes, **others}


def of(kind, **arguments):
    return {"type": kind, **arguments}


def decoder(**options):
    return {
        "type": "design_pattern_specific",
        "name": "decoder",
        "mirror_of": "encoder",
        **options,
    }


def content(layers, **options):
    return method(**only_pretraining(extractor(layers), decoder(**options)))


def mirrored(layers, **options):
    """The layers of the decoder that mirrors an encoder with these layers."""
    return list(load_checked(content(layers, **options)).mappings[1].layers)


def problems_of(*mappings):
    with pytest.raises(ConfigError) as error:
        load_checked(method(**only_pretraining(*mappings)))
    return error.value.problems


def problem_of(layers, **options):
    (problem,) = problems_of(extractor(layers), decoder(**options))
    return problem


def test_linear_layers_exchange_their_sizes_and_activations_stay_between_them():
    layers = [
        of("Linear", in_features=6, out_features=5, bias=False, name="first"),
        of("BatchNorm1d", num_features=5),
        of("ReLU", name="act"),
        of("Dropout", p=0.1),
        of("Linear", positional_arguments=[5, 3], name="second"),
        of("Tanh"),
    ]

    assert mirrored(layers) == [
        of("Linear", name="second", in_features=3, out_features=5),
        of("BatchNorm1d", num_features=5),
        of("ReLU", name="act"),
        of("Dropout", p=0.1),
        of("Linear", name="first", in_features=5, out_features=6, bias=False),
    ]


def test_the_output_has_no_activation_even_if_one_precedes_the_first_weights():
    layers = [of("BatchNorm2d", num_features=1), of("Flatten"), of("Dropout"), LINEAR]

    assert mirrored(layers, sample_shape=[1, 2, 3]) == [
        of("Linear", in_features=4, out_features=6),
        of("Unflatten", dim=1, unflattened_size=[1, 2, 3]),
    ]


def test_layers_inside_of_sequential_are_mirrored_one_by_one():
    inner = of("Sequential", name="block", positional_arguments=[LINEAR, of("ReLU")])
    layers = [inner, of("Linear", in_features=4, out_features=2)]

    assert mirrored(layers) == [
        of("Linear", in_features=2, out_features=4),
        of("ReLU"),
        of("Linear", in_features=4, out_features=6),
    ]


def test_pools_are_undone_by_indices_and_get_names_for_it():
    layers = [conv(), of("ReLU"), POOL, conv(2, 3), {**POOL, "name": "last"}]
    config = load_checked(content(layers))

    assert [layer.get("name") for layer in config.mappings[0].layers] == [
        *(None, None, "pool_1", None, "last"),
    ]
    assert list(config.mappings[1].layers) == [
        of("unpool_by_indices", pool="encoder.last"),
        of("ConvTranspose2d", in_channels=3, out_channels=2, kernel_size=3),
        of("unpool_by_indices", pool="encoder.pool_1"),
        of("ReLU"),
        of("ConvTranspose2d", in_channels=2, out_channels=1, kernel_size=3),
    ]


def test_pools_are_undone_by_the_layer_that_the_file_names():
    layers = mirrored([conv(), POOL], unpooling="unpool_by_replication", sample_shape=[1, 8, 8])

    assert layers[0] == of("unpool_by_replication", pool="encoder.pool_1")


def test_average_pools_are_undone_by_replication():
    pool = of("AvgPool2d", kernel_size=2)

    assert mirrored([conv(), pool], sample_shape=[1, 8, 8])[0] == of(
        "unpool_by_replication", pool="encoder.pool_1"
    )


def test_the_written_out_method_is_a_method_of_its_own():
    layers = [
        conv(stride=2),
        of("ReLU"),
        POOL,
        of("Flatten"),
        of("Linear", in_features=2, out_features=2),
    ]
    config = load_checked(content(layers, sample_shape=[1, 8, 8], unpooling="unpool_by_indices"))

    entry = config.filled["mappings"][1]
    assert not {"mirror_of", "sample_shape", "unpooling"} & entry.keys()
    assert load_checked(config.filled).filled == config.filled


def test_names_of_mirrored_layers_can_be_used():
    named = {**LINEAR, "name": "code"}
    start = {"type": "zeros", "layer_names": ["code"], "weight_type": "bias"}
    mappings = build(extractor([named]), decoder(layer_initialization=[start]))

    assert mappings["decoder"].net[0].bias.tolist() == [0.0] * 6


STACKS = {
    "linear": ([6], [LINEAR, of("ReLU"), of("Linear", in_features=4, out_features=2)]),
    "image": (
        [1, 28, 28],
        [
            conv(1, 4, 5, stride=2, padding=2),
            of("BatchNorm2d", num_features=4),
            of("ReLU"),
            conv(4, 6, 3, stride=2, padding=1, groups=2),
            of("ReLU"),
            of("Flatten"),
            of("Linear", in_features=294, out_features=10),
        ],
    ),
    "pools": (
        [1, 13, 15],
        [
            conv(),
            POOL,
            of("ELU"),
            conv(2, 3, 2),
            POOL,
            of("Flatten"),
            of("Linear", in_features=12, out_features=5),
        ],
    ),
    "same": ([2, 9, 9], [conv(2, 3, 3, padding="same"), conv(3, 1, [5, 3], padding="valid")]),
    "sequence": ([3, 20], [conv(3, 4, 4, axes=1, stride=3), of("Tanh"), conv(4, 5, 2, axes=1)]),
    "volume": (
        [1, 6, 7, 8],
        [conv(1, 2, 2, axes=3, stride=2), of("AvgPool3d", kernel_size=[1, 1, 2])],
    ),
    "flat data": (
        [64],
        [
            of("Unflatten", dim=1, unflattened_size=[1, 8, 8]),
            conv(stride=2),
            of("Flatten", start_dim=2),
        ],
    ),
    "growing": (
        [2, 5],
        [
            of(
                "ConvTranspose1d",
                in_channels=2,
                out_channels=3,
                kernel_size=3,
                stride=2,
                output_padding=1,
            )
        ],
    ),
    "inner sizes": (
        [2, 3, 4],
        [of("Flatten", start_dim=1, end_dim=-2), of("Unflatten", dim=-2, unflattened_size=[3, -1])],
    ),
    "ceil": (
        [1, 9, 9],
        [
            of("MaxPool2d", kernel_size=2, ceil_mode=True),
            of("Flatten"),
            of("Linear", in_features=25, out_features=2),
        ],
    ),
    "overlapping": (
        [1, 9, 9],
        [of("MaxPool2d", kernel_size=3, stride=2, padding=1), conv(stride=2)],
    ),
}


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("training", [True, False])
def test_the_mirror_gives_samples_of_the_shape_that_the_encoder_takes(name, training):
    shape, layers = STACKS[name]
    mappings = build(extractor(layers), decoder(sample_shape=shape))
    samples = torch.randn(3, *shape)
    for mapping in mappings.values():
        mapping.train(training)

    assert mappings["decoder"](mappings["encoder"](samples)).shape == samples.shape


SIZES = st.integers(1, 4)


@settings(max_examples=30)
@given(
    size=st.integers(1, 14), kernel=SIZES, stride=SIZES, padding=st.integers(0, 2), dilation=SIZES
)
def test_any_convolution_that_fits_is_mirrored_exactly(size, kernel, stride, padding, dilation):
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    layers = [conv(1, 2, kernel, axes=1, **options)]
    samples = torch.zeros(2, 1, size)
    fits = size + 2 * padding >= dilation * (kernel - 1) + 1
    if not fits:
        assert "kernel is larger" in problem_of(layers, sample_shape=[1, size]).found
        return
    mappings = build(extractor(layers), decoder(sample_shape=[1, size]))

    assert mappings["decoder"](mappings["encoder"](samples)).shape == samples.shape


@settings(max_examples=25)
@given(size=st.integers(2, 14), kernel=SIZES, stride=SIZES, rounds_up=st.booleans())
def test_any_pool_is_undone_or_said_not_to_tile_its_input(size, kernel, stride, rounds_up):
    options = {"kernel_size": kernel, "stride": stride, "ceil_mode": rounds_up}
    layers = [of("AvgPool1d", **options)]
    if kernel > size:
        return
    pooled = torch.nn.AvgPool1d(**options)(torch.zeros(1, 1, size))
    if pooled.shape[-1] * stride != size:
        assert "do not tile" in problem_of(layers, sample_shape=[1, size]).found
        return
    mappings = build(extractor(layers), decoder(sample_shape=[1, size]))

    assert mappings["decoder"](mappings["encoder"](torch.zeros(2, 1, size))).shape == (2, 1, size)


@pytest.mark.parametrize(
    ("layers", "reason", "remedy"),
    [
        (
            [of("Flatten"), LINEAR],
            "layer Flatten of 'encoder' at $.mappings[0].layers[0] cannot",
            "sample_shape",
        ),
        ([conv(stride=2)], "layer Conv2d of 'encoder'", "sample_shape"),
        ([conv(), of("AvgPool2d", kernel_size=2)], "layer AvgPool2d 'pool_1' of", "sample_shape"),
        (
            [LINEAR, of("GLU", name="gate")],
            "layer GLU 'gate' of 'encoder'",
            "those that have are Linear",
        ),
        ([of("LazyLinear", out_features=3)], "layer LazyLinear", "those that have"),
        ([of("recurrent", input_size=3, hidden_size=2)], "layer recurrent", "those that have"),
        ([conv(padding_mode="reflect")], "pads with zeros only", "zeros"),
        ([conv(1, 2, 2, padding="same")], "even kernel", "odd kernel"),
        ([conv(1, 2, [3, 3, 3])], "'kernel_size' is not one integer or 2 of them", ""),
        ([of("ReLU")], "'encoder' has no layer that changes the shape", "write layers"),
        ([], "'encoder' has no layer that changes the shape", "write layers"),
    ],
)
def test_the_message_names_the_layer_and_the_reason(layers, reason, remedy):
    problem = problem_of(layers)

    assert problem.path == KEY
    assert reason in problem.found
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("layers", "shape", "reason"),
    [
        ([conv()], [64], r"it takes samples of shape (channels, height, width), not (64,)"),
        ([conv()], [1, 2, 8], "its kernel is larger than the samples of shape (1, 2, 8)"),
        ([POOL], [1, 1, 8], "its kernel is larger"),
        (
            [of("AvgPool2d", kernel_size=2)],
            [1, 7, 8],
            "its windows, (2, 2) apart, do not tile 7 x 8",
        ),
        ([of("Unflatten", dim=3, unflattened_size=[2, 2])], [4], "have no axis 3"),
        ([of("Flatten", start_dim=0)], [4, 4], "does not flatten axes"),
        (
            [
                of(
                    "ConvTranspose1d",
                    in_channels=1,
                    out_channels=1,
                    kernel_size=3,
                    dilation=2,
                    output_padding=1,
                )
            ],
            [1, 8],
            "output_padding is not less than its stride",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_problems(layers, shape, reason):
    problem = problem_of(layers, sample_shape=shape)

    assert problem.path == KEY
    assert reason in problem.found


def test_all_layers_without_a_mirror_are_named():
    problems = problems_of(
        extractor([of("GLU"), LINEAR, of("LPPool1d", norm_type=2, kernel_size=2)]), decoder()
    )

    assert {problem.path for problem in problems} == {KEY}
    assert [("GLU" in p.found, "LPPool1d" in p.found) for p in problems] == [
        (True, False),
        (False, True),
    ]


def test_a_mapping_that_does_not_exist_gets_a_suggestion():
    (problem,) = problems_of(extractor([LINEAR]), decoder(mirror_of="encodr"))

    assert (problem.path, problem.remedy) == (KEY, "did you mean 'encoder'?")


def test_a_mirror_of_itself_or_of_a_mirror_is_a_problem():
    (problem,) = problems_of(extractor([LINEAR]), decoder(mirror_of="decoder"))
    assert (problem.path, problem.found) == (KEY, "'decoder' mirrors itself")

    second = decoder(name="second", mirror_of="decoder")
    (problem,) = problems_of(extractor([LINEAR]), decoder(), second)
    assert problem.path == "$.mappings[2].mirror_of"
    assert problem.found == "'decoder' is itself a mirror, of 'encoder'"


def test_a_circle_of_mirrors_is_a_problem_of_each():
    others = decoder(mirror_of="second"), decoder(name="second", mirror_of="decoder")
    problems = problems_of(extractor([LINEAR]), *others)

    assert [problem.path for problem in problems] == [KEY, "$.mappings[2].mirror_of"]


def test_layers_and_mirror_of_exclude_each_other():
    (problem,) = problems_of(extractor([LINEAR]), decoder(layers=[LINEAR]))

    assert problem.path == "$.mappings[1].layers"
    assert problem.remedy == "A mapping has either layers or mirror_of."


@pytest.mark.parametrize("option", [{"sample_shape": [4]}, {"unpooling": "unpool_by_indices"}])
def test_options_of_a_mirror_belong_beside_it(option):
    (problem,) = problems_of(extractor([LINEAR], **option))

    assert problem.path == f"$.mappings[0].{next(iter(option))}"
    assert problem.remedy == "It belongs beside mirror_of only."


def test_a_mapping_needs_layers():
    (problem,) = problems_of({"type": "feature_extractor", "name": "encoder"})

    assert (problem.path, problem.found) == ("$.mappings[0]", "the key 'layers' is missing")


@pytest.mark.parametrize("shape", [[0, 2], "4", [1.5], [], [None], 3])
def test_a_sample_shape_is_a_list_of_sizes(shape):
    problems = problems_of(extractor([LINEAR]), decoder(sample_shape=shape))

    assert all(problem.path.startswith("$.mappings[1].sample_shape") for problem in problems)


def test_an_unknown_unpooling_gets_a_suggestion():
    problem = problem_of([conv(), POOL], unpooling="unpool_by_indexes")

    assert problem.path == "$.mappings[1].unpooling"
    assert problem.remedy == "did you mean 'unpool_by_indices'?"


@pytest.mark.parametrize(
    "layer",
    [
        {"type": "Linear", "in_features": 6},
        {"type": "Linear", "in_features": "6", "out_features": 4},
        {"type": "Linaer", "in_features": 6, "out_features": 4},
        {"in_features": 6, "out_features": 4},
        of("Sequential", positional_arguments=[{"type": "Linear"}]),
        of("Sequential", positional_arguments="ReLU"),
        3,
    ],
)
def test_a_mistake_in_the_encoder_is_a_problem_of_the_encoder_only(layer):
    problems = problems_of(extractor([layer]), decoder())

    assert problems
    assert all(problem.path.startswith("$.mappings[0].layers[0]") for problem in problems)


def test_problems_of_written_out_layers_are_those_of_the_key_with_its_line(tmp_path):
    layers = [
        of("Unflatten", dim=1, unflattened_size=[2, 2]),
        of("Flatten"),
        of("Linear", in_features=4, out_features=0),
    ]
    file = written(tmp_path, content(layers))
    with pytest.raises(ConfigError) as error:
        check(load_checked(tmp_path / "method.json"))
    problems = with_places(file, error.value.problems)

    assert {problem.path for problem in problems} == {"$.mappings[0].layers[2]", KEY}
    assert all(problem.line for problem in problems)
