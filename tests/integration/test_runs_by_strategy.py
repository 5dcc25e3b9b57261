"""Whole runs with every cluster assignment strategy: clusters come as the file says."""

from itertools import combinations, pairwise, product
from statistics import mean

import pytest
import torch
from sklearn.datasets import load_digits

from tests.cases import methods
from tests.cases.methods import adam, digits, final, method, records, result


@pytest.mark.parametrize(
    "initialization",
    ["classical_clustering", "random_feature_representations", "random_uniform_noise"],
)
@pytest.mark.parametrize(
    "recalculation",
    ["fixed_centroids", "classical_clustering", "recalculation_by_design_pattern"],
)
def test_centroids_change_as_the_file_says(run, initialization, recalculation):
    strategy = {
        **methods.CENTROIDS,
        "centroid_initialization_strategy": initialization,
        "centroid_recalculation_strategy": recalculation,
    }
    if recalculation == "classical_clustering":
        strategy["centroid_recalculation_interval"] = 4
    content = method(cluster_assignment_strategy=strategy)
    trained = recalculation == "recalculation_by_design_pattern"
    content["phases"][1]["optimizers"][0]["optimizes_centroids"] = trained

    def centroids(iterations):
        flag = ["--set", f"phases[finetuning].exit_criteria.iterations={iterations}"]
        file = run(content, *flag) / "parameters/tiny_digits_centroids.safetensors"
        return torch.load(file, weights_only=True)["centroids"]

    early, late = centroids(1), centroids(4)
    assert early.shape == late.shape == (10, 5)
    assert torch.equal(early, late) == (recalculation == "fixed_centroids")


def classifier_method(criterion, **strategy):
    """Two feature-space classifiers and one in sample space, trained by entropy alone."""
    heads = [
        {
            "type": "feature_space_classifier",
            "name": name,
            "softmax_layer_name": "softmax",
            "layers": [
                {"type": "Linear", "in_features": 5, "out_features": 10},
                {"type": "Softmax", "name": "softmax", "dim": 1},
            ],
        }
        for name in ("one", "two")
    ]
    whole = {
        "type": "sample_space_classifier",
        "layers": [
            {"type": "Flatten"},
            {"type": "Linear", "in_features": 64, "out_features": 10},
        ],
    }
    patterns = [
        {"pattern": "assignment_entropy", "classifier_name": name}
        for name in ("one", "two", "sample_space_classifier")
    ]
    return method(
        mappings=[methods.ENCODER, *heads, whole],
        cluster_assignment_strategy={
            "type": "classifier",
            "classifier_selection_criterion": criterion,
            **strategy,
        },
        phases=[
            {
                "name": "training",
                "order": 1,
                "exit_criteria": {"iterations": 4},
                "performance_evaluation_interval": 2,
                "design_patterns": patterns,
                "optimizers": [adam("encoder", "one", "two", "sample_space_classifier")],
            }
        ],
    )


def without_sample_space(content):
    """The method with the two classifiers in feature space alone."""
    content["mappings"].pop()
    (phase,) = content["phases"]
    phase["design_patterns"].pop()
    phase["optimizers"] = [adam("encoder", "one", "two")]
    return content


def test_the_classifier_with_the_highest_scores_is_chosen(run):
    def folder(criterion, **strategy):
        content = without_sample_space(classifier_method(criterion, **strategy))
        return run(content, "--seed", "1")

    by_name = {name: folder("name", classifier_name=name) for name in ("one", "two")}
    scores = {
        name: [r["evaluation"] for r in records(found) if r["kind"] == "evaluation" and r["phase"]]
        for name, found in by_name.items()
    }

    def best(kind, metric):
        since = -1 if kind == "last" else 0
        means = {name: mean(e[metric] for e in found[since:]) for name, found in scores.items()}
        return max(means, key=means.get)

    for kind, metric in product(("last", "average"), ("acc", "nmi", "ari")):
        chosen = folder(f"highest_{kind}_{metric}")
        assert final(chosen) == final(by_name[best(kind, metric)]), (kind, metric)
        assert result(chosen)["label_informed"]
    assert all(len(found) == 2 for found in scores.values())
    assert final(by_name["one"]) != final(by_name["two"])


def test_a_classifier_is_chosen_by_name(run):
    names = ("one", "two", "sample_space_classifier")
    found = [final(run(classifier_method("name", classifier_name=name))) for name in names]

    assert final(run(classifier_method("first_declared"))) == found[0]
    assert all(one != other for one, other in combinations(found, 2))


def test_the_class_probabilities_of_all_classifiers_may_be_averaged(run):
    folder = run(classifier_method("average"))

    def affine(name, layer, inputs):
        file = folder / f"parameters/tiny_digits_{name}.safetensors"
        saved = torch.load(file, weights_only=True)
        return inputs @ saved[f"net.{layer}.weight"].T + saved[f"net.{layer}.bias"]

    samples = torch.from_numpy(load_digits().data[:200] / 16).float()
    features = affine("encoder", 3, affine("encoder", 1, samples).relu())
    logits = [affine(name, 0, features) for name in ("one", "two")]
    logits.append(affine("sample_space_classifier", 1, samples))
    clusters = sum(values.softmax(1) for values in logits).argmax(1)
    assert final(folder)["cluster_sizes"] == clusters.bincount(minlength=10).tolist()
    assert not result(folder)["label_informed"]


def test_clusters_form_after_a_phase(run):
    content = method(
        cluster_assignment_strategy={
            "type": "classical_clustering_in_feature_space_after_phase",
            "classical_clustering_after_phase": "pretraining",
        }
    )
    content["phases"].pop()

    folder = run(content)

    assert final(folder)["acc"] > 0.3
    assert "deprecated" in (folder / "log.txt").read_text()


def frozen_entropies(folder):
    """The negative entropy of each iteration after pretraining, across phases."""
    name = "assignment_entropy/negative_entropy"
    found = [record["losses"] for record in records(folder) if record["kind"] == "losses"]
    return [losses[name] for losses in found if name in losses]


def gaussian_method(lengths, temperature):
    """Phases that train nothing on batches of all samples: the loss shows the temperature."""
    entropy = {"pattern": "assignment_entropy", "loss_report_interval": 1}
    content = method(datasets=[digits(batch_size=200)])
    names = [f"fixed{number}" for number in range(len(lengths))]
    content["phases"][1:] = [
        {
            "name": name,
            "order": order,
            "exit_criteria": {"iterations": length},
            "design_patterns": [entropy],
        }
        for order, (name, length) in enumerate(zip(names, lengths, strict=True), start=2)
    ]
    content["cluster_assignment_strategy"] = {
        **methods.CENTROIDS,
        "centroid_recalculation_strategy": "fixed_centroids",
        "use_centroids_during_phases": names,
        "similarity_measure": "gaussian",
        "gaussian_similarity_measure_inverse_temperature": temperature,
    }
    return content


def test_gaussian_similarity_is_annealed_over_phases(run):
    schedule = {
        "annealing_initial_value": 0.05,
        "annealing_final_value": 100.0,
        "annealing_iterations_per_value": 1,
    }

    def entropies(lengths, temperature=schedule):
        return frozen_entropies(run(gaussian_method(lengths, temperature)))

    two, one = entropies([2, 3]), entropies([5])
    fixed = entropies([1], {"fixed_value": 0.05})

    assert len(two) == 5
    assert all(earlier < later for earlier, later in pairwise(two))
    assert two == pytest.approx(one, rel=1e-5)
    assert two[:1] == pytest.approx(fixed, rel=1e-5)  # counted from when there are centroids
