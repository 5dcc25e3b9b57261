"""Blocks of layers are written out; problems of their layers are those of the block."""

from copy import deepcopy

import pytest
import torch

import dcrf
from dcrf.config import load_checked
from dcrf.config.load import with_places
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import DECODER, ENCODER, linear, method, only_pretraining, written
from tests.cases.own_layers import build, extractor

FLATTEN = {"type": "Flatten"}
BLOCK = {"type": "mlp", "sizes": [64, 16, 5]}
NAMED = {**BLOCK, "name": "hidden"}
WIDE = {"type": "Linear", "in_features": 5, "out_features": 0}


def layers_of(*layers, **others):
    """The layers of an encoder after loading."""
    config = load_checked(method(**only_pretraining(extractor([*layers], **others))))
    return list(config.mappings[0].layers)


def problems_of(content):
    with pytest.raises(ConfigError) as error:
        load_checked(content)
    return error.value.problems


def problem_of(*layers, **others):
    (problem,) = problems_of(method(**only_pretraining(extractor([*layers], **others))))
    return problem


def test_a_block_is_replaced_by_its_layers():
    assert layers_of(FLATTEN, BLOCK, {"type": "Tanh"}) == [
        *ENCODER["layers"],
        {"type": "Tanh"},
    ]


def test_layers_of_a_named_block_have_its_name_before_their_roles():
    assert [layer.get("name") for layer in layers_of(FLATTEN, NAMED)] == [
        None,
        "hidden.linear_1",
        "hidden.activation_1",
        "hidden.linear_2",
    ]


def test_blocks_stand_in_lists_of_layers_at_any_depth():
    inner = {"type": "Sequential", "positional_arguments": [FLATTEN, BLOCK]}

    assert layers_of({"type": "Sequential", "positional_arguments": [inner]}) == [
        {
            "type": "Sequential",
            "positional_arguments": [{**inner, "positional_arguments": ENCODER["layers"]}],
        }
    ]


def test_whole_floats_are_integers():
    assert layers_of({"type": "mlp", "sizes": [64.0, 5.0]}) == [linear("", 64, 5)["layers"][0]]


def test_a_block_starts_with_the_parameters_of_its_layers_written_by_hand():
    block = build(extractor([FLATTEN, BLOCK]))["encoder"]
    by_hand = build(ENCODER)["encoder"]

    for name, value in by_hand.state_dict().items():
        assert torch.equal(block.state_dict()[name], value)


def test_a_file_is_left_as_it_is():
    content = method(**only_pretraining(extractor([FLATTEN, NAMED])))
    before = deepcopy(content)
    load_checked(content)

    assert content == before


def test_keys_that_take_names_of_layers_take_those_of_a_block():
    encoder = extractor(
        [FLATTEN, NAMED],
        layer_initialization=[
            {"type": "zeros_", "layer_names": ["hidden.linear_2"], "weight_type": "bias"}
        ],
    )
    content = method(mappings=[encoder, DECODER])
    features = {"mapping_name": "encoder", "layer_names": ["hidden.activation_1"]}
    content["reclusterings"] = [{"name": "r", "clustering": "k_means", "features": features}]
    content["phases"][1]["frozen_parts"] = ["encoder.hidden.linear_1"]
    check(load_checked(content))

    assert not build(encoder)["encoder"].net[3].bias.any()


def test_a_softmax_of_a_block_is_left_out_to_get_logits():
    head = {"type": "mlp", "name": "head", "sizes": [5, 3]}
    head["last_activation"] = {"type": "Softmax", "dim": 1}
    classifier = {
        "type": "sample_space_classifier",
        "name": "classifier",
        "layers": [head],
        "softmax_layer_name": "head.last_activation",
    }
    mapping = build(extractor([FLATTEN, BLOCK]), classifier)["classifier"]
    samples = torch.randn(2, 5)

    expected = mapping.net[0](samples).log_softmax(1)
    torch.testing.assert_close(mapping.log_probabilities(samples), expected)


def test_a_decoder_mirrors_a_block():
    decoder = {"type": "design_pattern_specific", "name": "decoder", "mirror_of": "encoder"}
    content = method(mappings=[extractor([FLATTEN, NAMED]), {**decoder, "sample_shape": [1, 8, 8]}])
    config = load_checked(content)
    check(config)

    assert [layer["type"] for layer in config.mappings[1].layers] == [
        *("Linear", "ReLU", "Linear", "Unflatten"),
    ]
    assert config.mappings[1].layers[0]["name"] == "hidden.linear_2"


@pytest.mark.parametrize("unpooling", ["unpool_by_indices", "unpool_by_replication"])
def test_a_decoder_undoes_the_pools_of_a_block(unpooling):
    block = {"type": "conv", "name": "image", "channels": [1, 2, 3], "kernel_size": 1}
    decoder = {
        "type": "design_pattern_specific",
        "name": "decoder",
        "mirror_of": "encoder",
        "sample_shape": [1, 8, 8],
        "unpooling": unpooling,
    }
    encoder = extractor([{**block, "pool": "max", "flatten": True}])
    config = load_checked(method(mappings=[encoder, decoder]))
    check(config)

    unpoolings = [layer for layer in config.mappings[1].layers if layer["type"] == unpooling]
    assert [layer["pool"] for layer in unpoolings] == [
        "encoder.image.pool_2",
        "encoder.image.pool_1",
    ]


def test_a_layer_behind_a_block_that_has_no_mirror_is_named_at_its_place_in_the_file():
    decoder = {"type": "design_pattern_specific", "name": "decoder", "mirror_of": "encoder"}
    encoder = extractor([BLOCK, {"type": "GLU", "dim": 1}])
    (problem,) = problems_of(method(**only_pretraining(encoder, decoder)))

    assert problem.path == "$.mappings[1].mirror_of"
    assert "layer GLU of 'encoder' at $.mappings[0].layers[1] cannot" in problem.found


def test_layers_behind_blocks_keep_their_places_in_messages():
    problem = problem_of(FLATTEN, BLOCK, BLOCK, {"type": "Linaer"})

    assert problem.path == "$.mappings[0].layers[3].type"


def test_nested_layers_behind_blocks_keep_their_places_in_messages():
    inner = {"type": "Sequential", "positional_arguments": [BLOCK, {"type": "Linaer"}]}
    problem = problem_of(BLOCK, inner)

    assert problem.path == "$.mappings[0].layers[1].positional_arguments[1].type"


def test_problems_of_written_out_layers_are_those_of_the_block_with_its_line(tmp_path):
    narrow = {"type": "mlp", "sizes": [60, 16, 5]}
    content = method(mappings=[extractor([FLATTEN, narrow]), DECODER])
    file = written(tmp_path, content)
    with pytest.raises(ConfigError) as error:
        check(load_checked(tmp_path / "method.json"))
    problems = with_places(file, error.value.problems)

    assert {problem.path for problem in problems} == {"$.mappings[0].layers[1]"}
    assert "takes 60 features, the data set gives 64" in problems[0].found
    assert all(problem.line for problem in problems)


def test_problems_of_a_dict_are_at_the_places_of_its_blocks():
    narrow = {"type": "Linear", "in_features": 9, "out_features": 5}
    content = method(mappings=[extractor([FLATTEN, BLOCK, narrow]), DECODER])
    with pytest.raises(ConfigError) as error:
        dcrf.run(content)

    assert [problem.path for problem in error.value.problems] == ["$.mappings[0].layers[2]"]


def test_an_unknown_activation_is_a_problem_of_the_block_once():
    problem = problem_of(FLATTEN, {"type": "mlp", "sizes": [64, 8, 8, 5], "activation": "Relu"})

    assert problem.path == "$.mappings[0].layers[1]"
    assert problem.remedy == "did you mean 'ReLU'?"


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"sizes": [64]}, ".sizes", "at least 2 positive integers"),
        ({"sizes": [64, "16"]}, ".sizes[1]", "not a number"),
        ({"sizes": [64, 1.5]}, ".sizes[1]", "not an integer"),
        ({"size": [64]}, ".size", "takes no argument 'size'"),
        ({"batch_norm": "yes"}, ".batch_norm", "not true or false"),
        ({"positional_arguments": [3]}, "", "takes 0 positional arguments, not 1"),
        ({"name": 3}, ".name", "3 is not"),
        ({"activation": 3}, ".activation", "expected a layer"),
    ],
)
def test_a_mistake_in_a_block_is_a_problem_at_its_key(changes, path, words):
    problem = problem_of(FLATTEN, BLOCK, {**BLOCK, "sizes": [5, 4, 3], **changes})

    assert problem.path == f"$.mappings[0].layers[2]{path}"
    assert words in problem.found


def test_a_block_with_a_problem_is_not_mirrored():
    decoder = {"type": "design_pattern_specific", "name": "decoder", "mirror_of": "encoder"}
    encoder = extractor([{**BLOCK, "sizes": [4]}])
    (problem,) = problems_of(method(**only_pretraining(encoder, decoder)))

    assert problem.path == "$.mappings[0].layers[0].sizes"


def test_a_block_is_not_an_argument():
    problem = problem_of({"type": "TransformerEncoder", "encoder_layer": BLOCK, "num_layers": 1})

    assert problem.path == "$.mappings[0].layers[0].encoder_layer"
    assert "'mlp' is a block of layers, which is not an argument" in problem.found


def test_a_name_that_a_block_and_a_layer_have_is_a_problem_at_both_places_of_the_file():
    same = {"type": "Tanh", "name": "hidden.linear_1"}
    problem = problem_of(FLATTEN, NAMED, same)

    assert problem.path.startswith("$.mappings[0].layers[")


def test_the_name_of_a_block_is_not_the_name_of_a_layer():
    content = method(mappings=[extractor([FLATTEN, NAMED]), DECODER])
    content["phases"][1]["frozen_parts"] = ["encoder.hidden"]
    (problem,) = problems_of(content)

    assert problem.path == "$.phases[1].frozen_parts[0]"
    assert "encoder.hidden." in problem.remedy


@pytest.mark.parametrize("layers", [None, 3, "mlp", {"type": "mlp", "sizes": [4, 2]}])
def test_layers_that_are_not_a_list_are_a_problem(layers):
    content = method(**only_pretraining({**extractor([]), "layers": layers}))

    assert {problem.path for problem in problems_of(content)} == {"$.mappings[0].layers"}
