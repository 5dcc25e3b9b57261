"""From configuration to mappings, strategy and centroids."""

import pytest
import torch

from dcrf.builder.method import (
    build_classifiers,
    build_mappings,
    build_method,
    label_informed,
)
from dcrf.randomness import RandomStreams
from dcrf.storage.parameter_files import read_tensor
from tests.cases.methods import ENCODER, linear, method, only_pretraining

SAMPLES = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def classifier(**others):
    return linear("classifier", n_out=10, role="feature_space_classifier", **others)


def test_mappings_may_follow_one_another_in_any_order_of_declaration(load):
    chain = [
        linear("last", prior_mapping_name="middle"),
        linear("middle", prior_mapping_name="encoder"),
        ENCODER,
    ]

    made = build_mappings(load(**only_pretraining(*chain)), RandomStreams(0))

    assert list(made) == ["last", "middle", "encoder"]
    assert made["last"].prior is made["middle"]
    assert made["middle"].prior is made["encoder"]
    expected = made["last"].net(made["middle"].net(made["encoder"].net(SAMPLES)))
    assert torch.equal(made["last"](SAMPLES), expected)


def test_a_prior_mapping_keeps_its_parameters(load):
    content = only_pretraining(ENCODER, linear("head", prior_mapping_name="encoder"))

    made = build_mappings(load(**content), RandomStreams(0))

    assert set(made["head"].state_dict()) == {"net.0.weight", "net.0.bias"}


def test_another_mapping_leaves_the_initial_parameters_of_the_others_alone(load):
    alone = build_mappings(load(**only_pretraining(ENCODER)), RandomStreams(0))
    before = build_mappings(
        load(**only_pretraining(linear("new", 7, 7), ENCODER)), RandomStreams(0)
    )
    other_seed = build_mappings(load(**only_pretraining(ENCODER)), RandomStreams(1))

    weights = [made["encoder"].net[1].weight for made in (alone, before, other_seed)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_building_leaves_the_global_generator_alone(load):
    state = torch.get_rng_state()

    build_mappings(load(), RandomStreams(0))

    assert torch.equal(torch.get_rng_state(), state)


def test_layers_are_initialized_as_the_file_says(load):
    wanted = {"layer_names": ["only"], "weight_type": "bias", "type": "constant", "val": 0.5}
    mapping = linear("head", layer_initialization=[wanted])
    mapping["layers"][0]["name"] = "only"

    made = build_mappings(load(**only_pretraining(ENCODER, mapping)), RandomStreams(0))

    assert made["head"].layer_names == {"only": 0}
    assert made["head"].net[0].bias.tolist() == [0.5] * 5
    assert made["head"].net[0].weight.unique().numel() > 1


def test_functions_run_before_and_after_the_layers(load):
    mapping = linear(
        "head",
        prior_mapping_name="encoder",
        pre_processing_functions=[{"function_name": "relu", "input_argument_name": "input"}],
        post_processing_functions=[
            {"function_name": "normalize", "input_argument_name": "input", "dim": 1}
        ],
    )

    made = build_mappings(load(**only_pretraining(ENCODER, mapping)), RandomStreams(0))

    hidden = made["head"].net(made["encoder"](SAMPLES).relu())
    torch.testing.assert_close(made["head"](SAMPLES), hidden / hidden.norm(dim=1, keepdim=True))


def test_the_named_softmax_layer_is_left_out_of_the_logits(load):
    mapping = classifier(softmax_layer_name="softmax")
    mapping["layers"] += [
        {"type": "Softmax", "name": "softmax", "dim": 1},
        {"type": "Hardtanh"},  # what follows stays
    ]

    made = build_mappings(load(**only_pretraining(ENCODER, mapping)), RandomStreams(0))[
        "classifier"
    ]

    features = 100 * torch.rand(4, 5, generator=torch.Generator().manual_seed(0))
    expected = made.net[0](features).clamp(-1, 1).log_softmax(1)
    torch.testing.assert_close(made.log_probabilities(features), expected)


def assignments(load, *mappings):
    config = load(**only_pretraining(*mappings))
    made = build_mappings(config, RandomStreams(0))
    return build_classifiers(config, made, 10), made


def test_a_feature_space_classifier_takes_features_of_its_extractor(load):
    second = {**ENCODER, "name": "second"}
    plain = classifier()
    named = {**classifier(associated_feature_extractor_name="second"), "name": "named"}

    found, made = assignments(load, ENCODER, second, plain, named)

    assert found["classifier"].feature_extractor is made["encoder"]
    assert found["named"].feature_extractor is made["second"]
    expected = made["named"].net(made["second"](SAMPLES)).log_softmax(1)
    torch.testing.assert_close(found["named"](SAMPLES), expected)


def test_a_classifier_that_follows_a_feature_extractor_takes_samples(load):
    chain = [
        classifier(prior_mapping_name="between"),
        linear("between", prior_mapping_name="encoder"),
        ENCODER,
    ]

    found, made = assignments(load, *chain)

    assert found["classifier"].feature_extractor is None
    expected = made["classifier"].net(made["between"].net(made["encoder"](SAMPLES)))
    torch.testing.assert_close(found["classifier"](SAMPLES), expected.log_softmax(1))


def test_a_classifier_that_follows_something_else_takes_features(load):
    chain = [ENCODER, linear("between"), classifier(prior_mapping_name="between")]

    found, made = assignments(load, *chain)

    expected = made["classifier"].net(made["between"].net(made["encoder"](SAMPLES)))
    torch.testing.assert_close(found["classifier"](SAMPLES), expected.log_softmax(1))


def test_a_sample_space_classifier_takes_samples(load):
    whole = linear("whole", 64, 10, role="sample_space_classifier")
    whole["layers"].insert(0, {"type": "Flatten"})

    found, made = assignments(load, ENCODER, whole)

    assert list(found) == ["whole"]
    torch.testing.assert_close(found["whole"](SAMPLES), made["whole"](SAMPLES).log_softmax(1))


def test_a_method_holds_everything_that_is_trained_once(load):
    made = build_method(load(), 10, RandomStreams(0), read_tensor)

    assert list(made.mappings) == ["encoder", "decoder"]
    assert made.centroids.values.shape == (10, 0)
    assert made.assignment.centroids is made.centroids
    assert made.assignment.feature_module.mapping is made.mappings["encoder"]
    assert len({id(p) for p in made.parameters()}) == 2 * 2 + 2 + 1


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"iterations": 5}, False),
        ({"epochs": 5, "performance_evaluation_cluster_reassignment_ratio_lt": 0.1}, False),
        ({"performance_evaluation_acc_gt": 0.9}, True),
        ({"performance_evaluation_silhouette_gt": 0.9}, False),
        ({"performance_evaluation_ari_lt_after_iterations": {"value": 0.1, "iterations": 2}}, True),
    ],
)
def test_a_phase_that_ends_by_labels_is_informed_by_them(load, criteria, expected):
    phases = method()["phases"]
    phases[1]["exit_criteria"] = criteria

    assert label_informed(load(phases=phases)) is expected


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [("first_declared", False), ("average", False), ("highest_last_nmi", True)],
)
def test_a_classifier_that_is_chosen_by_scores_is_informed_by_labels(load, criterion, expected):
    strategy = {"type": "classifier", "classifier_selection_criterion": criterion}
    changes = only_pretraining(ENCODER, classifier(), strategy=strategy)

    assert label_informed(load(**changes)) is expected
