"""Whole runs with optimizer cycles, precision and exit criteria of phases."""

import numpy as np
import pytest

from tests.cases.methods import adam, contents, linear, method, result


def test_a_cycle_of_optimizers_and_their_schedulers_decide_which_parameters_change(run):
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
        return {name: content for name, content in contents(folder).items() if "_" in name}

    after_4, after_9, after_10 = (parameters(n) for n in (4, 9, 10))

    # after an epoch the encoder's rate is 0; in the tenth iteration it is the decoder's turn
    assert after_4 == after_9
    assert {n for n in after_9 if after_9[n] != after_10[n]} == {"tiny_digits_decoder.safetensors"}


def test_bf16_changes_the_results(run):
    assert contents(run(method(precision="bf16"))) != contents(run(method()))


@pytest.mark.parametrize(
    ("metric", "reason", "is_informed"),
    [("acc", "ACC 0.", True), ("silhouette", "silhouette ", False)],
)
def test_an_exit_criterion_on_a_score_ends_the_phase(run, metric, reason, is_informed):
    content = method()
    content["phases"][1]["exit_criteria"] = {
        "iterations": 100,
        f"performance_evaluation_{metric}_gt": 0.01 if is_informed else -1,
    }

    outcome = result(run(content))

    assert outcome["phases"][1]["iteration"] == 2
    assert outcome["phases"][1]["reason"].startswith(reason)
    assert outcome["label_informed"] == is_informed


def test_few_reassignments_end_a_phase(run):
    content = method()
    content["phases"][1]["exit_criteria"] = {
        "iterations": 100,
        "performance_evaluation_cluster_reassignment_ratio_lt": 1.0,
    }

    (_, phase) = result(run(content))["phases"]

    assert phase["iteration"] == 4
    assert "reassignment ratio" in phase["reason"]


def naming_classes(**changes):
    """Pretraining learns the classes of a file beside reconstruction."""
    content = method()
    head = linear("naming", 5, 3, prior_mapping_name="encoder")
    content["mappings"].append(head)
    content["phases"][0]["design_patterns"].append({"pattern": "other_task", "head_name": "naming"})
    content["phases"][0]["optimizers"] = [adam("encoder", "decoder", "naming")]
    content["datasets"][0] |= {"side_targets": {"path": "classes.npy"}, **changes}
    return content


def test_a_run_that_learns_from_side_targets_is_label_informed(run, tmp_path):
    np.save(tmp_path / "classes.npy", np.arange(1797) % 4 - 1)

    outcome = result(run(naming_classes()))

    assert outcome["label_informed"]
    assert outcome["datasets"][0]["evaluation"]["acc"] > 0


def test_labels_that_are_side_targets_evaluate_nothing(run):
    content = naming_classes(side_targets="labels")
    content["mappings"][-1] = linear("naming", 5, 10, prior_mapping_name="encoder")

    outcome = result(run(content))

    assert outcome["label_informed"]
    assert outcome["datasets"][0]["evaluation"]["acc"] is None


def test_a_run_with_pairwise_constraints_is_label_informed_and_repeatable(run, tmp_path):
    (tmp_path / "pairs.csv").write_text("first,second,sign\n0,10,1\n10,20,1\n0,1,-1\n")
    content = method()
    pattern = {"pattern": "pairwise_constraints", "path": "pairs.csv"}
    content["phases"][1]["design_patterns"].append(pattern)

    whole = run(content)

    assert result(whole)["label_informed"]
    assert contents(run(content)) == contents(whole)
