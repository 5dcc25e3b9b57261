"""References from layer to layer are checked where the file says them."""

import pytest

from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import RECONSTRUCTION, adam, method
from tests.cases.own_layers import extractor

POOL = {"type": "MaxPool2d", "name": "pool", "kernel_size": 2}
ENCODER = extractor([POOL, {"type": "Flatten"}])


def pooled(unpool, *others, encoder=ENCODER, **changes):
    """A method whose decoder has an unpooling layer at `$.mappings[1].layers[1]`."""
    decoder = {
        "type": "design_pattern_specific",
        "name": "decoder",
        "layers": [
            {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 4, 4]},
            {"type": "unpool_by_indices", **unpool},
        ],
    }
    phase = {
        "name": "p",
        "order": 1,
        "exit_criteria": {"iterations": 2},
        "design_patterns": [RECONSTRUCTION],
    }
    strategy = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_in_feature_space_after_phase": "p",
    }
    return method(
        mappings=[encoder, decoder, *others],
        phases=[phase],
        cluster_assignment_strategy=strategy,
        **changes,
    )


def problems_of(content):
    with pytest.raises(ConfigError) as error:
        check(load_checked(content))
    return error.value.problems


@pytest.mark.parametrize("reference", ["pool", "encoder.pool"])
def test_a_layer_of_another_mapping_is_meant_by_its_name_or_with_the_mapping(reference):
    check(load_checked(pooled({"pool": reference})))


def test_a_misspelled_name_gets_a_suggestion():
    (problem,) = problems_of(pooled({"pool": "pol"}))

    assert problem.path == "$.mappings[1].layers[1].pool"
    assert problem.found == "no layer is called 'pol'"
    assert problem.remedy == "did you mean 'pool'?"


def test_a_method_without_named_layers_says_so():
    unnamed = extractor([{"type": "MaxPool2d", "kernel_size": 2}, {"type": "Flatten"}])
    (problem,) = problems_of(pooled({"pool": "pool"}, encoder=unnamed))

    assert problem.remedy == "no layer has a name: name it"


def test_a_name_of_several_mappings_must_say_which():
    other = {**ENCODER, "name": "other"}
    (problem,) = problems_of(pooled({"pool": "pool"}, other))

    assert problem.path == "$.mappings[1].layers[1].pool"
    assert problem.found == "several layers are called 'pool'"
    assert problem.remedy == "write one of encoder.pool, other.pool"
    check(load_checked(pooled({"pool": "encoder.pool"}, other)))


def test_a_layer_of_the_same_mapping_comes_first():
    own = pooled({"pool": "pool"}, {**ENCODER, "name": "other"})
    own["mappings"][1]["layers"].insert(1, POOL)
    own["mappings"][1]["layers"].append(
        {"type": "ConvTranspose2d", "in_channels": 1, "out_channels": 1, "kernel_size": 5}
    )

    check(load_checked(own))


def test_a_layer_of_another_type_is_named_with_the_types_that_will_do():
    encoder = extractor([POOL, {"type": "Flatten", "name": "flat"}])
    (problem,) = problems_of(pooled({"pool": "flat"}, encoder=encoder))

    assert problem.path == "$.mappings[1].layers[1].pool"
    assert problem.found == "'flat' is of type 'Flatten'"
    assert problem.remedy == "name a layer of type MaxPool1d, MaxPool2d, MaxPool3d"


@pytest.mark.parametrize("value", [3, None, {"type": "MaxPool2d", "kernel_size": 2}, ["pool"]])
def test_only_a_string_is_a_reference(value):
    problems = problems_of(pooled({"pool": value}))

    assert {problem.path for problem in problems} == {"$.mappings[1].layers[1].pool"}


def test_codes_that_have_lost_the_indices_are_found_before_training():
    content = pooled({"pool": "pool"})
    content["phases"][0]["design_patterns"] = [
        {
            "pattern": "adversarial_interpolation",
            "encoder_name": "encoder",
            "decoder_name": "decoder",
            "discriminator_name": "encoder",
            "autoencoder_loss_optimizer_group_name": "a",
            "discriminator_loss_optimizer_group_name": "b",
        }
    ]
    problems = problems_of(content)

    assert {problem.path for problem in problems} == {"$.mappings[1].layers[1]"}
    assert "does not come, unchanged, from a pass through the pool" in problems[0].found


def test_a_pool_that_cannot_be_built_is_a_problem_of_the_pool():
    encoder = extractor([{**POOL, "no_such": 1}, {"type": "Flatten"}])
    paths = {problem.path for problem in problems_of(pooled({"pool": "pool"}, encoder=encoder))}

    assert paths == {"$.mappings[0].layers[0].no_such"}


def test_a_whole_method_with_a_pool_is_valid():
    trained = {"type": "Conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 1}
    encoder = extractor([trained, POOL, {"type": "Flatten"}])
    content = pooled({"pool": "pool"}, encoder=encoder)
    content["phases"][0]["optimizers"] = [adam("encoder")]

    assert check(load_checked(content)) == []
