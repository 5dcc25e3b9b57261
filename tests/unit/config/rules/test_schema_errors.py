import pytest

from dcrf.config.rules.schema_errors import problems as schema_problems
from tests.unit.config.methods import (
    REINFORCEMENT,
    classifying,
    dec,
    load,
    problem,
    problems,
    write,
)

PHASE = "$.phases[0]"
STRATEGY = "$.cluster_assignment_strategy"


def strategy(**changes):
    method = dec()
    entry = method["cluster_assignment_strategy"] | changes
    method["cluster_assignment_strategy"] = {k: v for k, v in entry.items() if v is not None}
    return method


def test_the_small_methods_are_valid():
    assert schema_problems(dec()) == schema_problems(classifying()) == []


def test_an_unknown_key_is_told_with_what_may_be_meant(tmp_path):
    method = dec()
    method["phases"][0]["design_patterns"][0]["loss_weigth"] = 0.5

    found = problem(tmp_path, method)

    assert found.path == f"{PHASE}.design_patterns[0].loss_weigth"
    assert found.found == "unknown key 'loss_weigth'"
    assert found.remedy == "did you mean 'loss_weight'?"


def test_a_key_like_no_other_is_told_with_those_that_are_free(tmp_path):
    found = problem(tmp_path, {**dec(), "zzz": 1})

    known = "$schema, extends, abstract, description, references, device, seed, precision"
    assert found.remedy.startswith(f"allowed here: {known}")


def test_a_misspelt_value_is_told_with_what_may_be_meant(tmp_path):
    method = dec()
    method["phases"][0]["design_patterns"][0]["pattern"] = "reconstrution"

    found = problem(tmp_path, method)

    assert (found.found, found.remedy) == (
        "unknown value 'reconstrution'",
        "did you mean 'reconstruction'?",
    )


def test_of_values_with_a_short_form_only_that_is_listed(tmp_path):
    method = dec()
    method["phases"][0]["design_patterns"][0]["pattern"] = "zzz"

    remedy = problem(tmp_path, method).remedy

    assert "target_distribution" in remedy
    assert "encouraging_cluster_formation" not in remedy


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("batch_size", "16", "'16' is not an integer"),
        ("batch_size", 16.5, "16.5 is not an integer"),
        ("batch_size", True, "true is not an integer"),
        ("batch_size", 0, "0 is out of range, it must be at least 1"),
        ("transforms", {}, "an object is not a list"),
        ("shuffle", 1, "1 is not true or false"),
        ("name", "", "the text is empty"),
        ("phases", None, "null is not a list"),
        ("index_of_first_sample_to_use", -1, "-1 is out of range, it must be at least 0"),
    ],
)
def test_wrong_types_and_ranges_are_told_with_the_description(tmp_path, key, value, found):
    method = dec()
    method["datasets"][0][key] = value

    told = problem(tmp_path, method)

    assert (told.path, told.found) == (f"$.datasets[0].{key}", found)
    assert told.remedy.endswith(".")


def test_a_missing_key_is_told_with_its_description_at_the_object(tmp_path):
    method = dec()
    del method["datasets"][0]["batch_size"]

    found = problem(tmp_path, method)

    assert (found.path, found.found) == ("$.datasets[0]", "the key 'batch_size' is missing")
    assert found.remedy == "Number of samples in a batch."
    lines = write(tmp_path, method).read_text().splitlines()
    assert lines[found.line - 1][found.column - 1] == "{"


def test_a_limit_on_the_upper_side_is_told(tmp_path):
    method = dec()
    key = "performance_evaluation_cluster_reassignment_ratio_lt"
    method["phases"][1]["exit_criteria"][key] = 1.5

    assert problem(tmp_path, method).found == "1.5 is out of range, it must be at most 1"


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"centroid_initialization_strategy": "load_from_file"}, "centroid_file_path"),
        ({"centroid_initialization_strategy": None}, "centroid_initialization_strategy"),
        ({"centroid_recalculation_strategy": None}, "centroid_recalculation_strategy"),
        (
            {"centroid_recalculation_strategy": "classical_clustering"},
            "centroid_recalculation_interval",
        ),
        ({"similarity_measure": "gaussian"}, "gaussian_similarity_measure_inverse_temperature"),
        ({"similarity_measure": None}, "similarity_measure"),
    ],
)
def test_centroid_keys_need_each_other(tmp_path, changes, missing):
    told = problems(tmp_path, strategy(**changes))

    assert (STRATEGY, f"the key {missing!r} is missing") in {(p.path, p.found) for p in told}


def test_a_temperature_without_a_gaussian_does_not_belong(tmp_path):
    key = "gaussian_similarity_measure_inverse_temperature"

    found = problem(tmp_path, strategy(**{key: {"fixed_value": 1}}))

    assert (found.path, found.found) == (
        f"{STRATEGY}.{key}",
        f"the key {key!r} does not belong here",
    )
    assert "gaussian" in found.remedy


@pytest.mark.parametrize(
    ("temperature", "found"),
    [
        ({}, "the key 'annealing_initial_value' is missing"),
        ({"fixed_value": 0}, "0 is out of range, it must be greater than 0"),
        (
            {"fixed_value": 1, "annealing_final_value": 2},
            "unknown key 'annealing_final_value'",
        ),
    ],
)
def test_a_temperature_is_fixed_or_annealed(tmp_path, temperature, found):
    key = "gaussian_similarity_measure_inverse_temperature"
    method = strategy(**{"similarity_measure": "gaussian", key: temperature})

    assert found in {p.found for p in problems(tmp_path, method)}


def test_the_classifier_by_name_needs_the_name(tmp_path):
    method = classifying()
    method["cluster_assignment_strategy"]["classifier_selection_criterion"] = "name"

    assert problem(tmp_path, method).found == "the key 'classifier_name' is missing"


@pytest.mark.parametrize(
    "criterion",
    [
        {"performance_evaluation_acc_gt": 0.9},
        {"performance_evaluation_nmi_gt": 0.9},
        {"performance_evaluation_ari_gt": 0.9},
        {"performance_evaluation_cluster_reassignment_ratio_lt": 0.001},
        {"performance_evaluation_silhouette_gt": 0.5, "iterations": 5},
        {"performance_evaluation_nmi_lt_after_iterations": {"value": 0.5, "iterations": 9}},
    ],
)
def test_criteria_on_evaluations_need_their_interval(tmp_path, criterion):
    method = dec()
    method["phases"][1]["exit_criteria"] = criterion
    del method["phases"][1]["performance_evaluation_interval"]

    found = problem(tmp_path, method)

    assert found.path == "$.phases[1]"
    assert found.found == "the key 'performance_evaluation_interval' is missing"


@pytest.mark.parametrize(
    ("metrics", "path", "found", "remedy"),
    [
        (["silhuette"], "[0]", "unknown value 'silhuette'", "did you mean 'silhouette'?"),
        (["xyz"], "[0]", "unknown value 'xyz'", "allowed here: acc, "),
        (["acc", "acc"], "[1]", "'acc' occurs twice in this list", "name it once"),
        ("acc", "", "'acc' is not a list", "Metrics of every evaluation beside"),
        ([5], "[0]", "5 is not a string", "The name of the component."),
    ],
)
def test_metrics_are_names_of_metrics(tmp_path, metrics, path, found, remedy):
    error = problem(tmp_path, {**dec(), "metrics": metrics})

    assert (error.path, error.found) == (f"$.metrics{path}", found)
    assert error.remedy.startswith(remedy)


def test_a_phase_needs_an_exit_criterion(tmp_path):
    method = dec()
    method["phases"][0]["exit_criteria"] = {}

    assert problem(tmp_path, method).found == "an object is empty"


@pytest.mark.parametrize("change", [{}, {"optimizes_centroids": False}])
def test_an_optimizer_needs_something_to_optimize(tmp_path, change):
    method = dec()
    method["phases"][0]["optimizers"] = [{"type": "Adam", **change}]

    found = problem(tmp_path, method)

    assert "'trained_mapping_names', or 'optimizes_centroids'" in found.found
    assert "optimizes_centroids to true" in found.remedy


@pytest.mark.parametrize("source", ["sklearn", "npz", "npy"])
def test_other_sources_take_no_arguments_of_torchvision(tmp_path, source):
    method = dec()
    method["datasets"][0] |= {"source": source, "train": True, "root": "."}
    if source != "sklearn":
        method["datasets"][0]["path"] = "method.json"

    assert {p.path for p in problems(tmp_path, method)} == {
        "$.datasets[0].train",
        "$.datasets[0].root",
    }


def test_keys_of_one_source_are_checked_by_its_own_schema(tmp_path):
    method = dec()
    for source in ("npz", "npy"):
        method["datasets"][0]["source"] = source
        assert problem(tmp_path, method).found == "the key 'path' is missing"

    method["datasets"][0] |= {"source": "sklearn", "dataset": "load_digit"}
    assert problem(tmp_path, method).remedy == "did you mean 'load_digits'?"

    method["datasets"][0]["source"] = "sklern"
    assert problem(tmp_path, method).remedy == "did you mean 'sklearn'?"


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path):
    method = dec()
    method["mappings"][0]["type"] = "feature_extracter"
    method["datasets"][0]["batch_size"] = -1
    method["phases"][0]["exit_criteria"]["iteration"] = 5
    method["phases"][1]["optimizers"][0]["lrr"] = 1
    method["phases"][1]["optimizers"][0]["trained_mapping_names"] = ["encoderr"]

    told = problems(tmp_path, method)

    assert [p.path for p in told] == [
        "$.mappings[0].type",
        "$.datasets[0].batch_size",
        "$.phases[0].exit_criteria.iteration",
        "$.phases[1].optimizers[0].trained_mapping_names[0]",
        "$.phases[1].optimizers[0].lrr",
    ]
    assert [p.line for p in told] == sorted(p.line for p in told)


def test_a_value_of_the_wrong_shape_is_told_once(tmp_path):
    found = problem(tmp_path, {**dec(), "cluster_assignment_strategy": None, "phases": [
        {"name": "a", "order": 1, "exit_criteria": {"iterations": 1}}
    ]} | {"datasets": dec()["datasets"]})  # fmt: skip

    assert found.found == "null is not an object"


def test_a_pairing_that_makes_no_sense_is_told_with_the_reason(tmp_path):
    method = dec()
    method["phases"][1]["design_patterns"] = [
        {
            "pattern": "assignment_reinforcement",
            "loss_type": "cross_entropy",
            "sample_selection_criterion": "all_samples",
            "cluster_selection_criterion": "nearest_centroid",
            "sample_representation": "feature_representation",
            "cluster_representation": "centroid",
        }
    ]

    found = problem(tmp_path, method)

    assert found.path == "$.phases[1].design_patterns[0].cluster_representation"
    assert found.remedy == "Cross-entropy goes with pseudolabel."


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("phases", 0, "optimizers", 0, "trained_mapping_names"), "encoder"),
        (("phases", 1, "optimizer_cycle", 0, "active_optimizer_names"), "main"),
        (("datasets", 0, "phases"), "finetuning"),
        (("mappings", 0, "layer_initialization", 0, "layer_names"), "code"),
        (("cluster_assignment_strategy", "use_centroids_during_phases"), "finetuning"),
    ],
)
def test_a_list_of_names_has_each_of_them_once(tmp_path, path, name):
    method = dec()
    holder = method
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = [name, name]

    found = problem(tmp_path, method)

    assert found.path.endswith(f"{path[-1]}[1]")
    assert (found.found, found.remedy) == (f"'{name}' occurs twice in this list", "name it once")


@pytest.mark.parametrize(
    ("path", "key", "listed"),
    [
        (("phases", 0, "design_patterns", 0), "pattern", "target_distribution"),
        (("cluster_assignment_strategy",), "type", "classifier"),
        (("mappings", 1), "type", "feature_space_classifier"),
    ],
)
def test_short_names_are_listed_for_a_missing_kind(tmp_path, path, key, listed):
    method = dec()
    holder = method
    for step in path:
        holder = holder[step]
    del holder[key]

    told = [p for p in problems(tmp_path, method) if p.found == f"the key {key!r} is missing"]

    assert len(told) == 1
    assert listed in told[0].remedy
    assert "encouraging_cluster_formation" not in told[0].remedy


def test_a_misspelt_required_key_is_found_where_it_is(tmp_path):
    method = dec()
    method["phases"][0]["design_patterns"][0]["patern"] = "reconstruction"
    del method["phases"][0]["design_patterns"][0]["pattern"]
    layer = method["mappings"][0]["layers"][0]
    layer["tpye"] = layer.pop("type")

    assert [(p.path, p.remedy) for p in problems(tmp_path, method)] == [
        ("$.mappings[0].layers[0].tpye", "did you mean 'type'?"),
        ("$.phases[0].design_patterns[0].patern", "did you mean 'pattern'?"),
    ]


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
def test_unused_keys_of_a_pattern_do_not_belong(tmp_path, entry, key):
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

    assert (
        load(tmp_path, method).parts["centroids"].options["centroid_initialization_strategy"]
        == "random_uniform_noise"
    )


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
