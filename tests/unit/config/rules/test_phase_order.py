import pytest

from tests.unit.config.methods import REINFORCEMENT, classifying, dec, load, problem, problems

SELF_LABELING = REINFORCEMENT | {
    "loss_type": "cross_entropy",
    "cluster_selection_criterion": "argmax_of_soft_assignments",
    "sample_representation": "soft_assignments",
    "cluster_representation": "pseudolabel",
}
ASSIGNING = [
    {"pattern": "target_distribution", "target_distribution_recalculation_interval": 1},
    {"pattern": "assignment_entropy"},
    {"pattern": "cluster_contrast", "batch_augmentation_name_1": "flipped"},
    SELF_LABELING,
]
DIVERGENCE = ASSIGNING[0]
AFTER = "classical_clustering_in_feature_space_after_phase"
FIRST_PATTERN = "$.phases[0].design_patterns[0]"


def clustering_after(phase):
    """DEC's phases, where clusters form after one of them."""
    method = dec()
    method["cluster_assignment_strategy"] = {
        "type": AFTER,
        AFTER: phase,
    }
    method["phases"][1]["optimizers"][0]["optimizes_centroids"] = False
    method["phases"][1]["design_patterns"] = [{"pattern": "assignment_entropy"}]
    del method["phases"][1]["save_centroids"]
    return method


def evaluating(phase):
    criteria = {"performance_evaluation_cluster_reassignment_ratio_lt": 0.1}
    phase |= {"exit_criteria": criteria, "performance_evaluation_interval": 1}


def first_pattern(method, pattern):
    method["phases"][0]["design_patterns"] = [pattern]
    return method


@pytest.mark.parametrize("pattern", [*ASSIGNING, REINFORCEMENT], ids=str)
def test_patterns_wait_for_the_centroids_that_they_need(tmp_path, pattern):
    method = first_pattern(dec(), pattern)

    found = problem(tmp_path, method)

    assert found.path == FIRST_PATTERN
    assert "centroids are not initialized before this phase ends" in found.found
    assert found.remedy == "name this phase in use_centroids_during_phases"

    method["cluster_assignment_strategy"]["use_centroids_during_phases"] = ["pretraining"]
    load(tmp_path, method)


@pytest.mark.parametrize("pattern", [p for p in ASSIGNING if p != DIVERGENCE], ids=str)
def test_patterns_wait_for_the_phase_after_which_clusters_form(tmp_path, pattern):
    method = first_pattern(clustering_after("pretraining"), pattern)

    found = problem(tmp_path, method)

    assert found.path == FIRST_PATTERN
    assert found.found.startswith("it needs assignments, but on data set 'load_digits'")
    assert found.found.endswith("after phase 'pretraining'")

    method["phases"][0]["order"] = 3
    method["cluster_assignment_strategy"] |= {AFTER: "finetuning"}
    method["phases"][1] |= {"design_patterns": [], "exit_criteria": {"epochs": 1}}
    load(tmp_path, method)


def test_a_divergence_needs_probabilities_above_0(tmp_path):
    method = clustering_after("pretraining")
    method["phases"][1]["design_patterns"] = [DIVERGENCE]

    found = problem(tmp_path, method)

    assert found.path == "$.phases[1].design_patterns[0]"
    assert found.found.startswith("it needs soft assignments, but the cluster assignment strategy")
    soft = "take another cluster assignment strategy, or set classifier_name"
    assert found.remedy.endswith(soft)


def test_hard_assignments_are_the_problem_before_they_exist_too(tmp_path):
    first = first_pattern(clustering_after("pretraining"), DIVERGENCE)

    assert problem(tmp_path, first).found.startswith("it needs soft assignments, but the cluster")


def test_a_later_phase_may_use_the_clusters(tmp_path):
    assert "centroids" not in load(tmp_path, clustering_after("pretraining")).parts


@pytest.mark.parametrize("pattern", ASSIGNING, ids=str)
def test_a_classifier_assigns_from_the_start(tmp_path, pattern):
    method = classifying()
    method["cluster_assignment_strategy"] = clustering_after("pretraining")[
        "cluster_assignment_strategy"
    ]
    named = pattern | {"classifier_name": "feature_space_classifier"}
    load(tmp_path, first_pattern(method, named))

    load(tmp_path, first_pattern(classifying(), pattern))


def test_a_pattern_that_needs_centroids_needs_them_beside_a_classifier_too(tmp_path):
    pattern = SELF_LABELING | {"cluster_selection_criterion": "nearest_centroid"}

    found = problem(tmp_path, first_pattern(classifying(), pattern))

    assert found.path == FIRST_PATTERN
    assert "the method has no centroids" in found.found
    assert "centroid_initialization_strategy" in found.remedy


def test_a_pattern_on_centroids_alone_needs_no_assignments(tmp_path):
    method = first_pattern(clustering_after("finetuning"), REINFORCEMENT)
    method["phases"][1]["design_patterns"] = []
    method["phases"][1]["exit_criteria"] = {"epochs": 1}
    method["cluster_assignment_strategy"] |= {
        "centroid_initialization_strategy": "random_uniform_noise",
        "centroid_recalculation_strategy": "recalculation_by_design_pattern",
    }

    assert "centroids" in load(tmp_path, method).parts


def test_optimizers_and_files_wait_for_centroids_too(tmp_path):
    method = dec()
    method["phases"][0]["optimizers"][0]["optimizes_centroids"] = True
    method["phases"][0]["save_centroids"] = {"path_to_file_or_dir": "early.pth"}

    assert [p.path for p in problems(tmp_path, method)] == [
        "$.phases[0].optimizers[0].optimizes_centroids",
        "$.phases[0].save_centroids",
    ]


def later_data_set(**changes):
    method = dec()
    method["datasets"].append(
        method["datasets"][0] | {"name": "later", "order": 1, "phases": ["pretraining"]} | changes
    )
    method["phases"][0]["design_patterns"] = [{"pattern": "assignment_entropy"}]
    method["datasets"][0]["phases"] = ["finetuning"]
    return method


def test_a_later_data_set_keeps_the_centroids_of_earlier_phases(tmp_path):
    load(tmp_path, later_data_set(reinitialize_mappings=False))


def test_a_later_data_set_that_starts_anew_has_none(tmp_path):
    assert "on data set 'later'" in problem(tmp_path, later_data_set()).found


def test_what_does_not_run_needs_nothing(tmp_path):
    pattern = {"pattern": "assignment_entropy"}
    load(tmp_path, first_pattern(dec(), pattern | {"enabled": False}))

    method = first_pattern(dec(), pattern)
    method["datasets"][0]["phases"] = ["finetuning"]
    load(tmp_path, method)


@pytest.mark.parametrize("phase", ["pretraining", "finetuning"])
def test_a_phase_that_cannot_be_evaluated_does_not_end_by_evaluations(tmp_path, phase):
    method = clustering_after(phase)
    evaluating(method["phases"][0])
    method["phases"][1] |= {"design_patterns": []}
    method["phases"][1]["exit_criteria"] = {"epochs": 1}

    found = problem(tmp_path, method)

    assert found.path == "$.phases[0].exit_criteria"
    assert found.remedy == "add iterations or epochs"

    method["phases"][0]["exit_criteria"]["epochs"] = 3
    load(tmp_path, method)


def test_before_there_are_centroids_no_phase_ends_by_evaluations(tmp_path):
    method = dec()
    evaluating(method["phases"][0])

    assert problem(tmp_path, method).path == "$.phases[0].exit_criteria"


def test_a_misspelt_phase_is_the_only_problem(tmp_path):
    method = dec()
    method["cluster_assignment_strategy"]["use_centroids_during_phases"] = ["finetunig"]

    assert problem(tmp_path, method).remedy == "did you mean 'finetuning'?"


def test_how_centroids_begin_is_missed_once(tmp_path):
    method = dec()
    del method["cluster_assignment_strategy"]["centroid_initialization_strategy"]

    assert {p.path for p in problems(tmp_path, method)} == {"$.cluster_assignment_strategy"}


def test_an_optimizer_of_centroids_needs_some(tmp_path):
    method = classifying()
    method["phases"][0]["optimizers"][0]["optimizes_centroids"] = True

    found = problem(tmp_path, method)

    assert found.path == "$.phases[0].optimizers[0].optimizes_centroids"
    assert "no centroids" in found.found


def test_centroids_to_save_must_exist(tmp_path):
    method = classifying()
    method["phases"][0]["save_centroids"] = {"path_to_file_or_dir": "x.pth"}

    assert problem(tmp_path, method).path == "$.phases[0].save_centroids"


def balanced(after):
    """Two phases on data that are sampled by clusters, which form after one of them."""
    method = dec()
    method["cluster_assignment_strategy"] = {"type": AFTER, AFTER: after}
    method["phases"][1] = {**method["phases"][0], "name": "finetuning", "order": 2}
    method["datasets"][0]["sampling"] = "balanced_over_clusters"
    return method


def test_a_sampling_by_clusters_that_no_phase_has_is_a_problem(tmp_path):
    found = problem(tmp_path, balanced("finetuning"))

    assert found.path == "$.datasets[0].sampling"
    assert found.found.startswith("it needs assignments, but on data set ")
    assert found.found.endswith("they exist only after phase 'finetuning'")
    assert found.remedy == "take one of these: in_order, shuffle_buffer, shuffled"


def test_a_sampling_by_clusters_makes_do_until_a_later_phase(tmp_path):
    load(tmp_path, balanced("pretraining"))
