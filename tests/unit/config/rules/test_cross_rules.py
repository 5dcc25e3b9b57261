import pytest

from tests.unit.config.methods import classifying, dec, load, problem, problems

IRIS = {
    "dataset": "load_iris",
    "source": "sklearn",
    "batch_size": 4,
    "num_clusters": 3,
    "phases": ["finetuning"],
}


def test_mappings_in_a_circle_are_problems(tmp_path):
    method = dec()
    method["mappings"][0]["prior_mapping_name"] = "decoder"
    method["mappings"][1]["prior_mapping_name"] = "encoder"

    found = problems(tmp_path, method)

    assert [p.path for p in found] == [f"$.mappings[{i}].prior_mapping_name" for i in (0, 1)]
    assert "encoder <- decoder <- encoder" in found[0].found


def test_a_mapping_that_only_leads_to_a_circle_is_not_in_it(tmp_path):
    method = classifying()
    method["mappings"][1]["prior_mapping_name"] = "decoder"
    method["mappings"][2]["prior_mapping_name"] = "decoder"

    assert problem(tmp_path, method).path == "$.mappings[1].prior_mapping_name"


@pytest.mark.parametrize(("key", "word"), [("phases", "phase"), ("datasets", "data set")])
def test_something_must_be_enabled(tmp_path, key, word):
    method = dec()
    for entry in method[key]:
        entry["enabled"] = False

    assert (f"$.{key}", f"no {word} is enabled") in {
        (p.path, p.found) for p in problems(tmp_path, method)
    }


def test_the_last_sample_is_not_before_the_first(tmp_path):
    method = dec()
    method["datasets"][0] |= {"index_of_first_sample_to_use": 5, "index_of_last_sample_to_use": 4}

    assert problem(tmp_path, method).path == "$.datasets[0].index_of_last_sample_to_use"


def test_fixed_centroids_are_not_optimized(tmp_path):
    method = dec()
    strategy = method["cluster_assignment_strategy"]
    strategy["centroid_recalculation_strategy"] = "fixed_centroids"

    found = problem(tmp_path, method)

    assert (found.path, found.found) == (
        "$.phases[1].optimizers[0].optimizes_centroids",
        "the centroids are fixed",
    )


def test_fixed_centroids_are_not_moved_by_a_pattern(tmp_path):
    method = dec()
    method["cluster_assignment_strategy"]["centroid_recalculation_strategy"] = "fixed_centroids"
    del method["phases"][1]["optimizers"][0]["optimizes_centroids"]
    method["phases"][1]["design_patterns"].append({"pattern": "running_mean_centroids"})

    found = problem(tmp_path, method)

    assert found.path == "$.phases[1].design_patterns[1]"
    assert found.found == "it moves the centroids, which are fixed"


def test_kept_centroids_are_as_many_as_clusters(tmp_path):
    method = dec()
    method["datasets"].append(IRIS | {"order": 1, "reinitialize_mappings": False})

    assert problem(tmp_path, method).path == "$.datasets[1].num_clusters"

    method["datasets"][1]["reinitialize_mappings"] = True
    assert len(load(tmp_path, method).datasets) == 2


def test_where_the_first_feature_extractor_is_meant_there_must_be_one(tmp_path):
    method = classifying()
    method["mappings"][0]["type"] = "design_pattern_specific"

    found = problem(tmp_path, method)

    assert (found.path, found.found) == ("$.mappings[2]", "the method has no feature extractor")

    method["mappings"][2] |= {"type": "sample_space_classifier"}
    assert "centroids" not in load(tmp_path, method).parts


def test_centroids_need_a_feature_extractor(tmp_path):
    method = dec()
    method["mappings"][0]["type"] = "design_pattern_specific"

    assert problem(tmp_path, method).path == "$.cluster_assignment_strategy"


@pytest.mark.parametrize("strategy", ["classifier", "after_phase"])
def test_every_method_that_is_kept_has_its_number_of_clusters(tmp_path, strategy):
    method = classifying()
    if strategy == "after_phase":
        method["cluster_assignment_strategy"] = {
            "type": "classical_clustering_in_feature_space_after_phase",
            "classical_clustering_in_feature_space_after_phase": "pretraining",
        }
    views = method["datasets"][0]["batch_augmentations"]
    later = IRIS | {"order": 1, "phases": ["pretraining"], "batch_augmentations": views}
    method["datasets"].append(later | {"reinitialize_mappings": False})

    found = problem(tmp_path, method)

    assert found.path == "$.datasets[1].num_clusters"
    assert found.remedy == "write 10, or reinitialize the mappings"
    method["datasets"][1]["reinitialize_mappings"] = True
    assert len(load(tmp_path, method).datasets) == 2


@pytest.mark.parametrize(
    ("first", "last", "is_right"), [(0.1, 1, True), (1, 1, True), (2, 1, False)]
)
def test_annealing_goes_upwards(tmp_path, first, last, is_right):
    method = dec()
    key = "gaussian_similarity_measure_inverse_temperature"
    schedule = {"annealing_initial_value": first, "annealing_final_value": 1}
    method["cluster_assignment_strategy"] |= {
        "similarity_measure": "gaussian",
        key: schedule | {"annealing_iterations_per_value": 5},
    }

    if is_right:
        load(tmp_path, method)
    else:
        path = f"$.cluster_assignment_strategy.{key}.annealing_initial_value"
        assert problem(tmp_path, method).path == path


@pytest.mark.parametrize("stem", ["cluster_contrast", "instance_contrast"])
def test_a_view_is_not_compared_with_itself(tmp_path, stem):
    method = dec()
    views = {f"batch_augmentation_name_{i}": "flipped" for i in (1, 2)}
    head = {"contrastive_learning_head_name": "encoder"} if stem == "instance_contrast" else {}
    method["phases"][1]["design_patterns"] = [{"pattern": stem, **views, **head}]

    found = problem(tmp_path, method)

    assert found.path == "$.phases[1].design_patterns[0].batch_augmentation_name_2"
    assert found.found == "the view 'flipped' is compared with itself"

    del views["batch_augmentation_name_2"]
    method["phases"][1]["design_patterns"] = [{"pattern": stem, **views, **head}]
    load(tmp_path, method)


def test_minus_one_is_the_last_of_all_samples(tmp_path):
    method = dec()
    method["datasets"][0] |= {"index_of_first_sample_to_use": 5, "index_of_last_sample_to_use": -1}

    dataset = load(tmp_path, method).datasets[0]

    assert (dataset.first, dataset.last) == (5, None)


def test_an_index_out_of_range_is_one_problem(tmp_path):
    method = dec()
    method["datasets"][0]["index_of_last_sample_to_use"] = -2

    assert problem(tmp_path, method).found == "-2 is out of range, it must be at least -1"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"means": {"start": "clustering", "scale": 2}}, "means.scale"),
        ({"means": {"scale": 2}}, "means.scale"),
        ({"covariances": {"trainable": True}}, "covariances.trainable"),
        ({"covariances": {"start": "clustering"}}, "covariances.start"),
    ],
)
def test_keys_of_a_mixture_that_would_mean_nothing(tmp_path, changes, path):
    method = dec()
    method["cluster_assignment_strategy"] = {"type": "mixture", **changes}

    assert f"$.cluster_assignment_strategy.{path}" in {p.path for p in problems(tmp_path, method)}


def test_the_scale_of_axes_belongs_to_centroids_on_axes(tmp_path):
    method = dec()
    strategy = method["cluster_assignment_strategy"]
    strategy |= {"centroid_initialization_strategy": "fixed_axes", "centroid_axis_scale": 2}
    load(tmp_path, method)

    strategy["centroid_initialization_strategy"] = "classical_clustering"
    found = problem(tmp_path, method)
    assert found.path == "$.cluster_assignment_strategy.centroid_axis_scale"


def test_a_pattern_of_another_strategy_is_a_problem(tmp_path):
    method = dec()
    method["phases"][-1]["design_patterns"].append({"pattern": "dip_separation"})

    messages = {p.found: p for p in problems(tmp_path, method)}
    strategy = "feature_representation_centroid_similarity"
    reported = messages[f"it does not work with the cluster assignment strategy {strategy!r}"]

    assert reported.path.startswith("$.phases[")
    assert reported.remedy == "take the strategy dip_projections"
