"""Keys that nothing would read are refused."""

import pytest

from tests.unit.config.methods import REINFORCEMENT, classifying, dec, load, problem

STRATEGY = "$.cluster_assignment_strategy"


def strategy(**changes):
    method = dec()
    method["cluster_assignment_strategy"] |= changes
    return method


def adversarial(rival, **changes):
    return {
        "pattern": "adversarial_interpolation",
        "encoder_name": "encoder",
        "decoder_name": "decoder",
        "autoencoder_loss_optimizer_group_name": "default",
        f"{rival}_name": "decoder",
        f"{rival}_loss_optimizer_group_name": "default",
    } | changes


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (adversarial("discriminator"), "critic_loss_weight"),
        (adversarial("discriminator"), "critic_regularizing_hyperparameter"),
        (adversarial("critic"), "discriminator_loss_weight"),
        (REINFORCEMENT, "threshold_on_feature_representation_distance_to_centroid"),
        (REINFORCEMENT, "threshold_on_soft_assignment_to_cluster"),
    ],
)
def test_keys_of_a_pattern_that_mean_nothing_here_do_not_belong(tmp_path, entry, key):
    method = dec()
    method["phases"][1]["design_patterns"] = [entry | {key: 0.5}]

    found = problem(tmp_path, method)

    assert found.path == f"$.phases[1].design_patterns[0].{key}"
    assert found.found == f"the key {key!r} does not belong here"
    assert found.remedy


@pytest.mark.parametrize(
    ("key", "value"),
    [("centroid_file_path", "method.json"), ("centroid_recalculation_interval", 5)],
)
def test_keys_of_other_centroids_do_not_belong(tmp_path, key, value):
    found = problem(tmp_path, strategy(**{key: value}))

    assert (found.path, found.found) == (
        f"{STRATEGY}.{key}",
        f"the key {key!r} does not belong here",
    )


def test_k_means_beside_noise_is_in_older_files_and_means_nothing(tmp_path):
    method = strategy(
        centroid_initialization_strategy="random_uniform_noise",
        centroid_initialization_classical_clustering_method="k_means",
        centroid_initialization_classical_clustering_num_restarts=3,
        centroid_recalculation_classical_clustering_num_restarts=3,
    )

    assert load(tmp_path, method).centroids.initialization == "random_uniform_noise"


def test_a_classifier_is_named_only_where_the_name_decides(tmp_path):
    method = classifying()
    method["cluster_assignment_strategy"]["classifier_name"] = "feature_space_classifier"

    assert problem(tmp_path, method).path == f"{STRATEGY}.classifier_name"

    method["cluster_assignment_strategy"]["classifier_selection_criterion"] = "name"
    load(tmp_path, method)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("feature_extractor", "softmax_layer_name", "softmax"),
        ("design_pattern_specific", "softmax_layer_name", "softmax"),
        ("feature_extractor", "associated_feature_extractor_name", "encoder"),
        ("sample_space_classifier", "associated_feature_extractor_name", "encoder"),
        ("design_pattern_specific", "associated_feature_extractor_name", "encoder"),
    ],
)
def test_keys_of_classifiers_belong_to_no_other_mapping(tmp_path, kind, key, value):
    method = dec()
    layers = [{"type": "Softmax", "name": "softmax", "dim": 1}]
    method["mappings"].append({"type": kind, "name": "other", "layers": layers, key: value})

    assert problem(tmp_path, method).path == f"$.mappings[2].{key}"
