"""Optimizers and schedulers are built, and stepped as often as their phase steps them."""

import pytest

from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import adam, method


def paths(config):
    with pytest.raises(ConfigError) as caught:
        check(config)
    return [problem.path for problem in caught.value.problems]


def test_every_rejected_optimizer_is_named(load):
    phases = method()["phases"]
    for phase in phases:
        phase["optimizers"] = [adam("decoder"), adam("encoder", lr=-1)]

    with pytest.raises(ConfigError) as caught:
        check(load(phases=phases))

    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["$.phases[0].optimizers[1].lr", "$.phases[1].optimizers[1].lr"]


def test_optimizers_are_not_capturable_on_the_cpu(load):
    phases = method()["phases"]
    phases[0]["optimizers"] = [adam("encoder", capturable=True), adam("decoder", capturable=False)]

    assert paths(load(phases=phases, device="cpu")) == ["$.phases[0].optimizers[0].capturable"]
    check(load(phases=phases, device="cuda_if_available"))  # which it may be or not


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


def test_the_option_that_a_scheduler_rejects_is_named(load):
    one_cycle = {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 9, "pct_start": 2.0}
    config = scheduled(load, one_cycle, {"epochs": 5})

    assert paths(config) == ["$.phases[0].optimizer_learning_rate_schedulers[0].pct_start"]
