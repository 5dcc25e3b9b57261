"""Whole runs through the command line: what comes out, and that it comes out again."""

import json
import re
from itertools import combinations, pairwise, product
from statistics import mean

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from tests.cases import methods
from tests.cases.methods import adam, contents, digits, final, method, records, result


def test_a_run_leaves_everything_that_it_promises(run):
    folder = run(method())

    names = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert names == {
        "config.json", "environment.json", "log.txt", "metrics.jsonl", "result.json",
        "timing.json", "clusters/digits.csv", "parameters/tiny_digits_encoder.pth",
        "parameters/tiny_digits_decoder.pth", "parameters/tiny_digits_centroids.pth",
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-0", folder.name)
    assert result(folder)["status"] == "ok"
    assert final(folder)["n_samples"] == 200
    assert 0 < final(folder)["acc"] <= 1


def test_the_log_has_one_grammar(run):
    lines = (run(method()) / "log.txt").read_text().splitlines()

    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "
    score = r"\d\.\d{3}"
    assert all(re.match(stamp, line) for line in lines)
    text = "\n".join(line[21:] for line in lines)
    assert re.search(r"^pretraining  it 2  reconstruction/reconstruction [\d.]+$", text, re.M)
    pattern = rf"^finetuning  it 4  ACC {score}  NMI {score}  ARI -?{score}  \(n=200\)$"
    assert re.search(pattern, text, re.M)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(run):
    first, again, other = (run(method(), "--seed", seed) for seed in ("3", "3", "4"))

    assert contents(first) == contents(again)
    differing = {name for name, found in contents(other).items() if found != contents(first)[name]}
    assert differing == contents(first).keys()


@pytest.mark.parametrize("flags", [["--no_log_files"], ["--no_log_timestamps"]])
def test_log_flags_change_no_result(run, flags):
    assert contents(run(method())) == contents(run(method(), *flags))


def test_the_evaluation_interval_changes_no_parameter(run):
    changed = method()
    changed["phases"][1]["performance_evaluation_interval"] = 1

    first, other = contents(run(method())), contents(run(changed))

    assert first["tiny_digits_encoder.pth"] == other["tiny_digits_encoder.pth"]
    assert first["metrics.jsonl"] != other["metrics.jsonl"]


def test_the_filled_configuration_gives_the_same_run_again(run):
    folder = run(method(), "--seed", "5")

    again = run(json.loads((folder / "config.json").read_text()))

    assert contents(again) == contents(folder)


def test_one_pattern_may_stand_twice_in_a_phase(run):
    twice, weightless = method(), method()
    for content, weight in ((twice, 1.0), (weightless, 0.0)):
        content["phases"][1]["design_patterns"][2]["loss_weight"] = weight
    twice = run(twice)

    seen = {name for r in records(twice) if r["kind"] == "losses" for name in r["losses"]}

    names = {"assignment_entropy/negative_entropy", "assignment_entropy_2/negative_entropy"}
    assert names <= seen
    # the second one is minimised too: without its weight the parameters are others
    encoder = "tiny_digits_encoder.pth"
    assert contents(run(weightless))[encoder] != contents(twice)[encoder]


def test_a_method_trains_on_one_data_set_and_is_evaluated_on_the_next(run):
    content = method(
        datasets=[
            digits(name="train", phases=["pretraining", "finetuning"]),
            digits(
                name="test",
                order=1,
                phases=[],
                reinitialize_mappings=False,
                index_of_first_sample_to_use=200,
                index_of_last_sample_to_use=1796,
            ),
        ]
    )

    folder = run(content)

    assert final(folder, 0)["n_samples"] == 200
    assert final(folder, 1)["n_samples"] == 1597
    encoders = [folder / f"parameters/tiny_{name}_encoder.pth" for name in ("train", "test")]
    assert encoders[0].read_bytes() == encoders[1].read_bytes()


def test_each_data_set_starts_anew_unless_told_otherwise(run):
    content = method(datasets=[digits(name="a"), digits(name="b", order=1)])
    alone = method(datasets=[digits(name="b")])

    both, second = run(content), run(alone)

    assert final(both, 1) == final(second)


def test_what_is_disabled_does_not_run(run):
    content = method(datasets=[digits(), digits(name="off", enabled=False)])
    content["phases"].append({**content["phases"][1], "name": "third", "enabled": False})

    found = result(run(content))

    assert [entry["dataset"] for entry in found["datasets"]] == ["digits"]
    assert [entry["phase"] for entry in found["phases"]] == ["pretraining", "finetuning"]


def test_without_labels_internal_metrics_take_their_place(run, tmp_path):
    samples = np.random.default_rng(0).random((60, 1, 8, 8), dtype=np.float32)
    np.savez(tmp_path / "data.npz", samples=samples)
    data = {
        "source": "npz",
        "dataset": "mine",
        "path": "data.npz",
        "batch_size": 20,
        "num_clusters": 3,
        "batch_augmentations": [{"name": "view", "transforms": [methods.VIEW]}],
    }

    found = final(run(method(datasets=[data])))

    assert (found["acc"], found["nmi"], found["ari"]) == (None, None, None)
    assert found["internal"].keys() == {"silhouette", "davies_bouldin"}
    assert -1 <= found["internal"]["silhouette"] <= 1
    assert found["internal"]["davies_bouldin"] > 0


def test_a_final_evaluation_that_is_not_possible_is_absent_with_a_reason(run):
    content = method(datasets=[digits(phases=["pretraining"])])

    (entry,) = result(run(content))["datasets"]

    assert entry["evaluation"] is None
    assert "not initialised" in entry["absent"]


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
        file = run(content, *flag) / "parameters/tiny_digits_centroids.pth"
        return torch.load(file, weights_only=True)["centroids"]

    early, late = centroids(1), centroids(4)
    assert early.shape == late.shape == (10, 5)
    assert torch.equal(early, late) == (recalculation == "fixed_centroids")


def test_saved_parameters_and_centroids_are_loaded_by_another_method(run, tmp_path):
    saving = method()
    saving["phases"][1]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "saving_interval": 2, "path_to_file_or_dir": "saved"}
    ]
    saving["phases"][1]["save_centroids"] = {"path_to_file_or_dir": "saved/means.pth"}
    first = run(saving)
    loading = method(
        cluster_assignment_strategy={
            **methods.CENTROIDS,
            "centroid_initialization_strategy": "load_from_file",
            "centroid_file_path": "saved/means.pth",
        },
        phases=[
            {
                "name": "finetuning",
                "order": 1,
                "exit_criteria": {"iterations": 1},
                "load_mapping_parameters": [
                    {
                        "mapping_name": "encoder",
                        "path_to_file": "saved/tiny_digits_encoder.pth",
                    }
                ],
            }
        ],
    )

    second = run(loading)

    assert (tmp_path / "saved/tiny_digits_encoder.pth").exists()
    assert final(second) == final(first)


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
        file = folder / f"parameters/tiny_digits_{name}.pth"
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


def test_optimizers_take_turns_and_their_learning_rates_fall(run):
    content = method()
    phase = content["phases"][0]
    phase["optimizers"] = [adam("encoder", name="e"), adam("decoder", name="d")]
    phase["optimizer_cycle"] = [
        {"active_optimizer_names": ["e"], "num_iterations": 9},
        {"active_optimizer_names": ["d"], "num_iterations": 1},
    ]
    phase["optimizer_learning_rate_schedulers"] = [
        {"type": "StepLR", "optimizer_name": "e", "step_size": 1, "gamma": 0.0},
        {
            "type": "ExponentialLR",
            "optimizer_name": "d",
            "gamma": 0.5,
            "step": "iteration",
        },
    ]
    content["datasets"][0]["phases"] = ["pretraining"]  # four iterations an epoch

    def parameters(iterations):
        phase["exit_criteria"] = {"iterations": iterations}
        folder = run(content)
        return {name: found for name, found in contents(folder).items() if "_" in name}

    after_4, after_9, after_10 = (parameters(n) for n in (4, 9, 10))

    # after an epoch the encoder's rate is 0; in the tenth iteration it is the decoder's turn
    assert after_4 == after_9
    assert {n for n in after_9 if after_9[n] != after_10[n]} == {"tiny_digits_decoder.pth"}


def test_bf16_runs_and_gives_other_numbers(run):
    assert contents(run(method(precision="bf16"))) != contents(run(method()))


def test_an_exit_criterion_on_labels_ends_the_phase_and_marks_the_result(run):
    content = method()
    content["phases"][1]["exit_criteria"] = {
        "iterations": 100,
        "performance_evaluation_acc_gt": 0.01,
    }

    found = result(run(content))

    assert found["phases"][1]["iteration"] == 2
    assert found["phases"][1]["reason"].startswith("ACC 0.")
    assert found["label_informed"]


def test_few_reassignments_end_a_phase(run):
    content = method()
    content["phases"][1]["exit_criteria"] = {
        "iterations": 100,
        "performance_evaluation_cluster_reassignment_ratio_lt": 1.0,
    }

    (_, phase) = result(run(content))["phases"]

    assert phase["iteration"] == 4
    assert "reassignment ratio" in phase["reason"]
