"""Every metric keeps the promises of `dcrf.evaluation.metrics.base`."""

import json
from pathlib import Path

import numpy as np
import pytest

import dcrf.evaluation.metrics
from dcrf.evaluation.evaluator import Evaluation
from dcrf.evaluation.metrics.base import NOISE, FeatureMetric, LabelMetric
from dcrf.schema.default_metrics import default_metrics
from dcrf.schema.registry import METRICS

TESTS = Path(__file__).parents[1]
STEMS = METRICS.schemas.keys()
CASES = {file.stem: json.loads(file.read_text()) for file in TESTS.glob("cases/metrics/*.json")}
RANDOM = np.random.default_rng(0)

EXCEPTIONS = {"correct_count": "it looks at numbers of clusters only, not at their samples"}
"""Metric -> why samples in other clusters need not change it."""

every_metric = pytest.mark.parametrize("stem", STEMS)


def stems(folder, prefix=""):
    return {f.stem.removeprefix(prefix) for f in folder.glob(f"{prefix}*.py")} - {"__init__"}


def metric(stem):
    return METRICS.resolve(stem)()


def known(stem, classes):
    """What a metric needs of samples of these classes: features are two wide, classes apart."""
    if metric(stem).needs == "labels":
        return classes
    return np.stack([classes % 3, classes // 3], axis=1) + RANDOM.normal(size=(len(classes), 2)) / 9


def sign(stem):
    """1 if larger values are better, else -1."""
    return {"larger": 1, "smaller": -1}[METRICS.schemas[stem]["x-better"]]


def best(stem, n):
    """The best value of a metric against labels; without a bound it is the number of samples."""
    least, most = METRICS.schemas[stem]["x-range"]
    return least if sign(stem) < 0 else n if most is None else most


def test_every_metric_has_a_module_a_case_and_a_unit_test():
    assert stems(Path(dcrf.evaluation.metrics.__file__).parent) - {"base"} == STEMS
    assert CASES.keys() == STEMS
    assert stems(TESTS / "unit" / "evaluation" / "metrics", "test_") - {"base"} == STEMS


@every_metric
def test_a_metric_has_the_value_of_its_case(stem):
    case = CASES[stem]

    value = metric(stem)(np.array(case[metric(stem).needs]), np.array(case["clusters"]))

    assert type(value) is float
    assert value == pytest.approx(case["value"], abs=1e-12)


@every_metric
def test_schema_and_class_agree_on_what_a_metric_needs(stem):
    kind = {"labels": LabelMetric, "features": FeatureMetric}[metric(stem).needs]

    assert METRICS.schemas[stem]["x-needs"] == [metric(stem).needs]
    assert METRICS.schemas[stem]["properties"]["metric"]["enum"] == [stem]
    assert isinstance(metric(stem), kind)


@every_metric
@pytest.mark.parametrize(("n_classes", "n_clusters"), [(4, 4), (2, 7), (7, 2), (4, 1), (1, 4)])
def test_values_lie_in_the_range(stem, n_classes, n_clusters):
    least, most = METRICS.schemas[stem]["x-range"]
    classes = RANDOM.integers(n_classes, size=60)

    value = metric(stem)(known(stem, classes), RANDOM.integers(n_clusters, size=60))

    if value is None:
        assert metric(stem).needs == "features"
        assert n_clusters == 1
    else:
        assert least - 1e-12 <= value <= (np.inf if most is None else most + 1e-12)


@every_metric
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_noise_makes_right_clusters_no_better(stem, share):
    """Metrics of features leave noise out."""
    classes = RANDOM.integers(4, size=80)
    given, is_noise = known(stem, classes), np.arange(80) < share * 80
    clusters = np.where(is_noise, NOISE, classes)

    value = metric(stem)(given, clusters)

    if metric(stem).needs == "labels":
        assert stem in EXCEPTIONS or sign(stem) * value < sign(stem) * best(stem, 80)
    else:
        assert value == metric(stem)(given[~is_noise], clusters[~is_noise])


@every_metric
def test_noise_alone_has_a_score_against_labels_and_none_among_features(stem):
    least, most = METRICS.schemas[stem]["x-range"]

    value = metric(stem)(known(stem, np.arange(20) % 4), np.full(20, NOISE))

    if metric(stem).needs == "features":
        assert value is None
    else:
        assert least <= value <= (np.inf if most is None else most)


@every_metric
def test_the_right_clusters_are_better_than_random_ones(stem):
    classes = RANDOM.integers(4, size=80)
    given = known(stem, classes)

    right, random = (metric(stem)(given, c) for c in (classes + 3, RANDOM.integers(4, size=80)))

    assert stem in EXCEPTIONS or sign(stem) * (right - random) > 0
    if metric(stem).needs == "labels":
        assert right == pytest.approx(best(stem, 80))


@every_metric
@pytest.mark.parametrize("n_clusters", [2, 5, 10])
def test_names_of_clusters_and_the_order_of_samples_do_not_matter(stem, n_clusters):
    given = known(stem, RANDOM.integers(5, size=50))
    clusters = np.concatenate([np.arange(n_clusters), RANDOM.integers(n_clusters, size=50)])[:50]
    renamed, order = RANDOM.permutation(20)[clusters] + 3, RANDOM.permutation(50)

    expected = pytest.approx(metric(stem)(given, clusters))

    assert metric(stem)(given, renamed) == expected
    assert metric(stem)(given[order], clusters[order]) == expected


@every_metric
def test_a_metric_leaves_its_arguments_unchanged(stem):
    given, clusters = known(stem, np.arange(20) % 4), np.arange(20) % 3
    copies = given.copy(), clusters.copy()

    metric(stem)(given, clusters)

    assert (given == copies[0]).all()
    assert (clusters == copies[1]).all()


@pytest.mark.parametrize("need", ["labels", "features"])
def test_default_metrics_exist_and_need_what_they_are_for(need):
    assert default_metrics(need)
    assert {metric(name).needs for name in default_metrics(need)} == {need}


def test_no_metric_is_named_as_a_field_of_an_evaluation():
    assert not Evaluation(1, (1,), internal_samples=1).record().keys() & STEMS
