import pytest

from dcrf.config import load_checked
from tests.cases.set_methods import DIGITS, SHAPES, UNSEEN, set_method
from tests.unit.config.methods import dec, load, problem, problems


def on(*datasets, **changes):
    return set_method(datasets=list(datasets), **changes)


def digits(name="digits", **options):
    return {**DIGITS, "name": name, "class_problems": {**DIGITS["class_problems"], **options}}


@pytest.mark.parametrize(
    "datasets",
    [
        [SHAPES],
        [SHAPES, UNSEEN],
        [digits(), {**digits("others", classes=[7, 8, 9]), "phases": []}],
        [digits(), {**digits("same"), "dataset": "load_iris", "phases": []}],
    ],
)
def test_problems_go_with_the_parts_that_need_them(datasets):
    config = load_checked(on(*datasets))

    assert all(dataset.has_problems for dataset in config.datasets)


def test_parts_that_need_problems_are_refused_without_any(tmp_path):
    samples = {k: v for k, v in DIGITS.items() if k != "class_problems"}
    found = problems(tmp_path, on(samples))

    paths = [f"$.phases[0].design_patterns[{i}]" for i in range(3)]
    assert [p.path for p in found] == ["$.cluster_assignment_strategy", *paths]
    assert {p.found for p in found} == {"it needs clustering problems, but no data set has any"}
    assert "2d_shapes" in found[0].remedy


def test_samples_beside_problems_are_refused(tmp_path):
    samples = {k: v for k, v in DIGITS.items() if k != "class_problems"}
    found = problem(tmp_path, on(SHAPES, samples))

    assert found.path == "$.datasets[1]"
    assert "this one has samples" in found.found


def test_parts_that_need_samples_are_refused_with_those_that_do_not(tmp_path):
    method = dec()
    method["datasets"] = [SHAPES]
    found = {p.path: p for p in problems(tmp_path, method)}

    strategy = found["$.cluster_assignment_strategy"]
    assert "which this strategy does not take" in strategy.found
    assert strategy.remedy == "take one of these: set_partition"
    for phase in (0, 1):
        assert "co_membership" in found[f"$.phases[{phase}].design_patterns[0]"].remedy


def test_reclusterings_are_refused(tmp_path):
    again = [{"name": "again", "clustering": "k_means"}]
    found = problem(tmp_path, on(SHAPES, reclusterings=again))

    assert (found.path, found.remedy) == ("$.reclusterings[0]", "remove it")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("transforms", [{"type": "Resize", "size": 8}]),
        ("steps", ["standardize"]),
        ("batch_augmentations", [{"name": "view", "transforms": []}]),
        ("class_problems", DIGITS["class_problems"]),
    ],
)
def test_keys_about_samples_are_refused_where_points_are_drawn(tmp_path, key, value):
    found = problem(tmp_path, on({**SHAPES, key: value}))

    assert (found.path, found.remedy) == (f"$.datasets[0].{key}", "remove it")


def test_classes_that_two_data_sets_share_are_refused(tmp_path):
    others = {**digits("others", classes=[9, 3, 2]), "phases": []}
    found = problem(tmp_path, on(digits(), others))

    assert found.path == "$.datasets[1].class_problems"
    assert "the class 2 is also one of data set 'digits'" in found.found


def test_ranges_of_classes_are_compared_too(tmp_path):
    options = {k: v for k, v in DIGITS["class_problems"].items() if k != "classes"}
    first = {**DIGITS, "class_problems": {**options, "first_class": 0, "last_class": 4}}
    second = {**first, "name": "others", "phases": []}
    second["class_problems"] = {**options, "first_class": 4, "last_class": 9}

    assert "the class 4 is also" in problem(tmp_path, on(first, second)).found
    second["class_problems"]["first_class"] = 5
    assert load(tmp_path, on(first, second)).datasets[1].has_problems


def test_labels_are_named_in_one_way(tmp_path):
    found = problem(tmp_path, on(digits(first_class=0, last_class=3)))

    assert found.path.startswith("$.datasets[0].class_problems")


def test_metrics_of_features_decide_nothing(tmp_path):
    method = on(SHAPES, UNSEEN)
    method["phases"][0] |= {
        "performance_evaluation_interval": 2,
        "exit_criteria": {"performance_evaluation_silhouette_gt": 0.5, "iterations": 4},
        "validation": {"dataset": "unseen", "interval": 2, "metric": "davies_bouldin"},
    }

    first, second = problems(tmp_path, method)

    assert first.path == "$.phases[0].exit_criteria.performance_evaluation_silhouette_gt"
    assert first.found == "silhouette needs features, which clustering problems do not have"
    assert second.path == "$.phases[0].validation.metric"
