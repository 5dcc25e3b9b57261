"""What is built and thrown away before anything runs."""

import pytest
import torch

from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import ENCODER, adam, digits, linear, method, only_pretraining


def test_what_can_be_built_passes_the_check(load):
    state = torch.get_rng_state()

    check(load())

    assert torch.equal(torch.get_rng_state(), state)


def test_huge_layers_are_checked_without_memory(load):
    check(load(**only_pretraining(ENCODER, linear("huge", 10**4, 10**4))))


def test_the_check_names_every_layer_that_torch_refuses(load):
    bad_size = linear("a", n_in=-3)
    bad_groups = {
        "type": "design_pattern_specific",
        "name": "b",
        "layers": [
            {"type": "ReLU"},
            {"type": "Conv2d", "in_channels": 3, "out_channels": 4, "kernel_size": 1, "groups": 2},
        ],
    }

    with pytest.raises(ConfigError) as caught:
        check(load(**only_pretraining(ENCODER, bad_size, bad_groups)))

    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["$.mappings[1].layers[0]", "$.mappings[2].layers[1]"]


def test_the_check_names_every_optimizer_that_torch_refuses(load):
    phases = method()["phases"]
    for phase in phases:
        phase["optimizers"] = [adam("decoder"), adam("encoder", lr=-1)]

    with pytest.raises(ConfigError) as caught:
        check(load(phases=phases))

    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["$.phases[0].optimizers[1].lr", "$.phases[1].optimizers[1].lr"]


def test_no_optimizer_is_capturable_on_the_cpu(load):
    phases = method()["phases"]
    phases[0]["optimizers"] = [adam("encoder", capturable=True), adam("decoder", capturable=False)]

    assert paths(load(phases=phases, device="cpu")) == ["$.phases[0].optimizers[0].capturable"]
    check(load(phases=phases, device="cuda_if_available"))  # which it may be or not


def paths(config):
    with pytest.raises(ConfigError) as caught:
        check(config)
    return [problem.path for problem in caught.value.problems]


def test_every_bad_layer_of_a_mapping_is_named(load):
    bad = linear("bad", n_in=-3)
    bad["layers"] = [bad["layers"][0], {"type": "ReLU"}, {"type": "Dropout", "p": 7}]

    found = paths(load(**only_pretraining(ENCODER, bad)))

    assert found == ["$.mappings[1].layers[0]", "$.mappings[1].layers[2]"]


def test_transforms_of_every_data_set_are_tried(load):
    bad = [{"type": "ToTensor"}, {"type": "RandomAffine", "degrees": -5}]
    view = {"name": "view", "transforms": [{"type": "RandomRotation", "degrees": [1, 2, 3]}]}
    datasets = [digits(), digits(name="b", transforms=bad, batch_augmentations=[view])]

    found = paths(load(datasets=datasets))

    assert found == [
        "$.datasets[1].transforms[1]",
        "$.datasets[1].batch_augmentations[0].transforms[0]",
    ]


@pytest.mark.parametrize(
    "scheduler", [{"type": "StepLR", "step_size": 0}, {"type": "CosineAnnealingLR", "T_max": 0}]
)
def test_schedulers_are_stepped(load, scheduler):
    phases = method()["phases"]
    phases[0]["optimizers"] = [adam("encoder", name="o"), adam("decoder", name="p")]
    phases[0]["optimizer_learning_rate_schedulers"] = [
        {"type": "StepLR", "optimizer_name": "p", "step_size": 5},
        {**scheduler, "optimizer_name": "o"},
    ]

    found = paths(load(phases=phases))

    assert found == ["$.phases[0].optimizer_learning_rate_schedulers[1]"]


def scheduled(load, scheduler, criteria):
    phases = method()["phases"][:1]
    phases[0] |= {
        "exit_criteria": criteria,
        "optimizers": [adam("encoder", name="o")],
        "optimizer_learning_rate_schedulers": [{**scheduler, "optimizer_name": "o"}],
    }
    strategy = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_in_feature_space_after_phase": "pretraining",
    }
    return load(phases=phases, cluster_assignment_strategy=strategy)


FAILS_AT_THE_FIFTH = {"type": "ConstantLR", "factor": 0}
BATCHES = 4  # of an epoch


@pytest.mark.parametrize(
    ("step", "criteria"),
    [
        ("iteration", {"iterations": 5}),
        ("iteration", {"epochs": 2}),
        ("epoch", {"epochs": 5}),
        ("epoch", {"iterations": 5 * BATCHES}),
        ("epoch", {"iterations": 10**9}),
    ],
)
def test_schedulers_are_stepped_as_often_as_the_phase_steps_them(load, step, criteria):
    config = scheduled(load, {**FAILS_AT_THE_FIFTH, "step": step}, criteria)

    with pytest.raises(ConfigError) as caught:
        check(config)

    (problem,) = caught.value.problems
    assert problem.path == "$.phases[0].optimizer_learning_rate_schedulers[0]"
    assert "its step 5 fails: ZeroDivisionError" in problem.found


@pytest.mark.parametrize(
    ("step", "criteria"),
    [
        ("iteration", {"iterations": 4}),
        ("epoch", {"epochs": 4}),
        ("epoch", {"iterations": 5 * BATCHES - 1}),
        ("epoch", {"iterations": 10**9, "epochs": 4}),
    ],
)
def test_schedulers_are_not_stepped_beyond_the_phase(load, step, criteria):
    check(scheduled(load, {**FAILS_AT_THE_FIFTH, "step": step}, criteria))


def test_a_schedule_that_ends_early_is_told_by_its_length(load):
    one_cycle = {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 4, "step": "iteration"}
    config = scheduled(load, one_cycle, {"iterations": 5})

    with pytest.raises(ConfigError, match="has 4 steps, but the phase may take 5"):
        check(config)


def test_a_function_gets_no_objects(load):
    mapping = linear(
        "f", post_processing_functions=[{"function_name": "gelu", "approximate": {"type": "ReLU"}}]
    )

    found = paths(load(**only_pretraining(ENCODER, mapping)))

    assert found == ["$.mappings[1].post_processing_functions[0]"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"batch_size": 48}, ["the last 8 of 200 samples (4 %) are in no training batch"]),
        ({"batch_size": 48, "shuffle": True}, []),
        ({"batch_size": 48, "drop_last": False}, []),
        ({"batch_size": 50}, []),
        ({"batch_size": 48, "phases": []}, []),
    ],
)
def test_samples_that_no_batch_has_are_a_warning(load, changes, expected):
    first = digits(name="first", order=-1)
    warnings = check(load(datasets=[first, digits(**{"shuffle": False, **changes})]))

    assert [warning.path for warning in warnings] == ["$.datasets[1]"] * len(expected)
    for warning, text in zip(warnings, expected, strict=True):
        assert warning.found.startswith(text)
        assert "shuffle" in warning.remedy
