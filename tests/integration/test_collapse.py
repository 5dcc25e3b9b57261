"""A collapsed run says so, and ends where it is asked to."""

import json
from itertools import pairwise

import pytest

from dcrf.cli.find_files import ROOT
from dcrf.cli.main import main
from tests.cases.methods import (
    ENCODER,
    adam,
    collapsing,
    digits,
    linear,
    method,
    records,
    result,
    written,
)

PULL = {
    "pattern": "assignment_reinforcement",
    "loss_type": "l2",
    "sample_selection_criterion": "all_samples",
    "cluster_selection_criterion": "all_clusters",
    "sample_representation": "feature_representation",
    "cluster_representation": "centroid",
    "sample_cluster_pair_loss_weighting_term": "unit",
}


@pytest.mark.parametrize(("on_collapse", "iterations"), [("warn", 200), ("stop", 150)])
def test_a_collapse_is_in_log_and_result(run, on_collapse, iterations):
    folder = run(collapsing(on_collapse=on_collapse))

    found, log = result(folder), (folder / "log.txt").read_text()
    pretraining, finetuning = found["phases"]
    assert pretraining["warnings"] == []
    assert finetuning["iteration"] == iterations
    assert finetuning["reason"].startswith("collapsed: it 50 to 150") == (on_collapse == "stop")
    sentence = "10 of 10 centroids coincide with another one"
    assert f"it 50 to {iterations}: {sentence}" in finetuning["warnings"]
    assert log.count(f"finetuning  warning at it 50 to 150: {sentence}\n") == 1
    assert "warning of" not in log
    (data,) = found["datasets"]
    assert sentence in data["warnings"]
    assert f"digits  final  warning: {sentence}\n" in log


def pull_only():
    """Features and centroids pull each other and nothing holds them apart."""
    made = method(datasets=[digits()])
    fine = made["phases"][1]
    fine |= {"exit_criteria": {"iterations": 400}, "performance_evaluation_interval": 100}
    fine |= {"design_patterns": [PULL], "on_collapse": "stop"}
    fine["optimizers"] = [adam("encoder", lr=0.001, optimizes_centroids=True)]
    return made


def test_centroids_that_come_together_end_the_phase(run):
    _, finetuning = result(run(pull_only()))["phases"]

    assert finetuning["iteration"] < 400
    assert "the spread of the centroids is" in finetuning["reason"]


def deep_k_means():
    """The loss and the schedule of deep k-means, from random features and random centroids."""
    kernel = "gaussian_kernel_based_similarity_of_feature_representation_to_centroid"
    pull = {**PULL, "sample_cluster_pair_loss_weighting_term": kernel, "loss_weight": 0.1}
    reconstruction = {"pattern": "reconstruction", "encoder_name": "encoder"}
    training = {
        "name": "training",
        "order": 1,
        "exit_criteria": {"iterations": 300},
        "performance_evaluation_interval": 2,
        "on_collapse": "stop",
        "design_patterns": [{**reconstruction, "decoder_name": "decoder"}, pull],
        "optimizers": [adam("encoder", "decoder", optimizes_centroids=True)],
    }
    temperature = {
        "annealing_initial_value": 0.1,
        "annealing_final_value": 28.13,
        "annealing_iterations_per_value": 100,
    }
    strategy = {
        "type": "feature_representation_centroid_similarity",
        "similarity_measure": "gaussian",
        "gaussian_similarity_measure_inverse_temperature": temperature,
        "centroid_initialization_strategy": "random_uniform_noise",
        "centroid_recalculation_strategy": "recalculation_by_design_pattern",
        "use_centroids_during_phases": ["training"],
    }
    return method(cluster_assignment_strategy=strategy, phases=[training])


def untrained_classifier():
    """A deep network that puts most samples into few clusters before it has learnt."""
    widths = [64, 32, 32, 32, 32]
    layers = [{"type": "Flatten"}]
    for n_in, n_out in pairwise(widths):
        layers += [{"type": "Linear", "in_features": n_in, "out_features": n_out}, {"type": "ReLU"}]
    training = {
        "name": "training",
        "order": 1,
        "exit_criteria": {"iterations": 150},
        "performance_evaluation_interval": 1,
        "on_collapse": "stop",
        "design_patterns": [
            {"pattern": "assignment_entropy"},
            {
                "pattern": "cluster_contrast",
                "batch_augmentation_name_1": "view",
                "batch_augmentation_name_2": "other",
            },
        ],
        "optimizers": [adam("encoder", "head")],
    }
    moved = {"type": "RandomAffine", "degrees": 10}
    views = [{"name": name, "transforms": [moved]} for name in ("view", "other")]
    head = linear("head", n_in=32, n_out=10, role="feature_space_classifier")
    return method(
        mappings=[{**ENCODER, "layers": layers}, head],
        cluster_assignment_strategy={"type": "classifier"},
        phases=[training],
        datasets=[digits(batch_augmentations=views)],
    )


@pytest.mark.parametrize("make", [deep_k_means, untrained_classifier], ids=lambda m: m.__name__)
def test_what_a_healthy_run_begins_with_is_no_collapse(run, make):
    folder = run(make())

    looks = [r["evaluation"]["collapse"] for r in records(folder) if r["kind"] == "evaluation"]
    assert looks[0]
    assert not looks[-1]
    (training,) = result(folder)["phases"]
    assert training["reason"].endswith(" iterations")
    assert "warning" not in (folder / "log.txt").read_text()


def test_the_quickstart_never_looks_collapsed(tmp_path):
    file = str(ROOT / "configurations/quickstart/quickstart.json")
    often = "phases[1].performance_evaluation_interval=10"

    flags = ["--set", often, "--max_iterations", "20", "--output_dir", str(tmp_path)]
    assert main([file, *flags]) == 0

    (folder,) = tmp_path.glob("quickstart/*")
    looks = [r["evaluation"] for r in records(folder) if r["kind"] == "evaluation"]
    assert [look["collapse"] for look in looks] == [{}] * 3


def test_a_healthy_run_has_no_warnings(run):
    folder = run(method(datasets=[digits()]))

    found = result(folder)
    assert [part["warnings"] for part in (*found["phases"], *found["datasets"])] == [[], [], []]
    assert "warning" not in (folder / "log.txt").read_text()


def test_stopping_needs_evaluations(tmp_path, capsys):
    made = method()
    made["phases"][0]["on_collapse"] = "stop"

    assert main([written(tmp_path, made), "--validate"]) == 2

    said = capsys.readouterr().err
    assert "performance_evaluation_interval" in said
    assert "phases[0]" in said


def test_the_key_is_written_with_its_default(run):
    filled = json.loads((run(method()) / "config.json").read_text())

    assert [phase["on_collapse"] for phase in filled["phases"]] == ["warn", "warn"]
