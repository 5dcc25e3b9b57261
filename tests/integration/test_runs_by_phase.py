"""Whole runs whose phases take turns, change precision, or end early."""

from tests.cases.methods import adam, contents, method, result


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
    assert {n for n in after_9 if after_9[n] != after_10[n]} == {"tiny_digits_decoder.safetensors"}


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
