"""Validation on a held-out data set, and held-out data sets in general."""

import numpy as np
import pytest

import dcrf
from dcrf.errors import ConfigError
from tests.cases.methods import CENTROIDS, RECONSTRUCTION, adam

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3
SAMPLES = (4 * np.eye(3, 4)[LABELS] + RNG.normal(size=(60, 4))).astype(np.float32)


def linear(n_in, n_out):
    return {"type": "Linear", "in_features": n_in, "out_features": n_out}


def memory(name, **changes):
    entry = {"source": "memory", "dataset": name, "batch_size": 20, "num_clusters": 3}
    return {**entry, **changes}


def method(*, held_out=(), steps=(), **validation):
    """Pretraining, then a phase with centroids, which may validate on held-out samples."""
    phase = {
        "exit_criteria": {"iterations": 8},
        "design_patterns": [RECONSTRUCTION],
        "optimizers": [adam("encoder", "decoder")],
    }
    entry = {"dataset": "other", "interval": 4, "metric": "nmi", **validation}
    finetuning = {**phase, **({"validation": entry} if validation else {})}
    return {
        "name": "validated",
        "mappings": [
            {"type": "feature_extractor", "name": "encoder", "layers": [linear(4, 3)]},
            {"type": "design_pattern_specific", "name": "decoder", "layers": [linear(3, 4)]},
        ],
        "cluster_assignment_strategy": CENTROIDS,
        "phases": [
            {"name": "pretraining", "order": 1, **phase},
            {"name": "finetuning", "order": 2, **finetuning},
        ],
        "datasets": [
            memory("own", order=1, sampling="shuffled", steps=[*steps]),
            memory(
                "other", order=2, phases=[], **{"reinitialize_mappings": False, **dict(held_out)}
            ),
        ],
    }


def run(content, other=(SAMPLES, LABELS), own=SAMPLES):
    return dcrf.run(content, data={"own": own, "other": other}, seed=0, device="cpu")


def problem(content, *data):
    with pytest.raises(ConfigError) as raised:
        run(content, *data)
    (found,) = raised.value.problems
    return found


def test_labels_of_validation_alone_make_a_result_label_informed():
    """The data set that is trained on and scored at the end has none."""
    anew = {"reinitialize_mappings": True}
    result = run(method(held_out=anew, keep_best=True))

    assert "acc" not in result.scores["own"]
    assert result.scores["other"] == {}  # its centroids are not initialized
    assert result.label_informed
    assert not run(method(held_out=anew)).label_informed


def test_the_metric_needs_labels_of_the_held_out_samples():
    found = problem(method(keep_best=True), SAMPLES)

    assert found.path == "$.phases[1].validation.metric"
    assert found.found == "nmi needs labels, but 'other' has none"
    assert run(method(metric="silhouette"), SAMPLES).history


def test_held_out_samples_fit_the_mappings():
    found = problem(method(keep_best=True), (np.zeros((60, 5), np.float32), LABELS))

    assert found.path == "$.mappings[0].layers[0]"
    assert found.found.startswith("on 'other' of $.phases[1].validation: layer Linear")


def test_assignments_exist_where_a_phase_validates():
    content = method(keep_best=True)
    content["phases"][0]["validation"] = content["phases"][1].pop("validation")

    found = problem(content)

    assert found.path == "$.phases[0].validation"
    assert "it needs assignments, but" in found.found


def test_patience_lasts_until_the_first_evaluation():
    assert problem(method(patience_iterations=3)).path == (
        "$.phases[1].validation.patience_iterations"
    )
    assert run(method(patience_iterations=4)).phases[-1].iteration == 8


def test_steps_fit_samples_of_the_same_width():
    pca = [{"type": "pca", "n_components": 4}]
    held_out = {"steps": pca, "steps_fitted_on": "own"}

    found = problem(method(held_out=held_out, steps=pca), np.zeros((60, 5), np.float32))

    assert found.path == "$.datasets[1].steps_fitted_on"
    assert found.found == "the samples of 'other' have 5 values, those of 'own' have 4"


def test_a_held_out_data_set_is_not_what_new_samples_resemble():
    result = run(method(held_out={"reinitialize_mappings": True}))

    (warning,) = (text for text in result.warnings if "reinitialize_mappings" in text)
    assert "no phase trains on this data set, and its mappings are initialized anew" in warning
    np.testing.assert_array_equal(result.assign(SAMPLES).argmax(axis=1), result.clusters["own"])


def test_steps_of_held_out_samples_are_those_of_the_samples_they_are_fitted_to():
    content = method(held_out={"steps_fitted_on": "own"}, steps=["standardize"])

    assert "whose own steps are others" in "".join(run(content).warnings)
    content["datasets"][1]["steps"] = ["standardize"]
    assert "own steps" not in "".join(run(content).warnings)


def classifiers():
    heads = [
        {
            "type": "sample_space_classifier",
            "name": name,
            "layers": [linear(4, 3), {"type": "Softmax", "dim": 1}],
        }
        for name in ("first", "second", "third")
    ]
    content = method()
    content["mappings"] += heads
    content["cluster_assignment_strategy"] = {
        "type": "classifier",
        "classifier_selection_criterion": "highest_last_acc",
    }
    return content


@pytest.mark.parametrize("interval", [None, 4])
def test_clusters_of_a_chosen_classifier_are_those_of_the_trained_method(interval):
    content = classifiers()
    if interval:
        content["phases"][1]["performance_evaluation_interval"] = interval

    result = run(content, own=(SAMPLES, LABELS))

    assigned = result.assign(SAMPLES, "own").argmax(axis=1)
    np.testing.assert_array_equal(assigned, result.clusters["own"])
    assert dcrf.evaluation.metrics.acc.Acc()(LABELS, assigned) == result.scores["own"]["acc"]


def test_held_out_samples_may_be_fewer_than_a_batch():
    assert run(method(held_out={"batch_size": 500})).scores["other"]
