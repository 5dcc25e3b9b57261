"""From configuration to optimizer groups and exit criteria."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from torch.optim import SGD, Adam

from dcrf.batch import Clock
from dcrf.builder.method import build_method
from dcrf.builder.optimizers import CRITERIA, build_exit_criteria, build_optimizers
from dcrf.config import load_checked
from dcrf.evaluation.evaluator import Evaluation
from dcrf.randomness import RandomStreams
from dcrf.schema.registry import METRICS, SCHEMA
from dcrf.storage.parameter_files import read_tensor
from dcrf.training.exit_criteria import needs_labels
from tests.cases.methods import adam, method, written

KEYS = json.loads((SCHEMA / "exit_criteria.json").read_text())["properties"]


@dataclass
class State:
    """Far into a phase, with the scores of an evaluation."""

    clock: Clock
    evaluation: Evaluation


@pytest.fixture
def build(tmp_path):
    """Build the optimizers of the second phase; return them and the method."""

    def builder(**changes):
        content = method()
        content["phases"][1].update(changes)
        config = load_checked(Path(written(tmp_path, content)))
        made = build_method(config, 10, RandomStreams(0), read_tensor)
        return build_optimizers(config.phases[1], made, {}), made

    return builder


def test_a_penalty_acts_in_every_group_that_trains_its_mapping(tmp_path):
    content = method()
    content["mappings"][0]["weight_norm_penalty"] = 0.5
    content["phases"][1]["optimizers"] = [
        adam("encoder", name="first"),
        adam("decoder", name="first", group_name="b"),
        adam("encoder", name="second", group_name="c"),
        adam("encoder", name="third"),
    ]
    content["phases"][1]["optimizer_cycle"] = [
        {"active_optimizer_names": [name], "num_iterations": 1}
        for name in ("first", "second", "third")
    ]
    config = load_checked(Path(written(tmp_path, content)))
    built = build_method(config, 10, RandomStreams(0), read_tensor)

    penalties = build_optimizers(config.phases[1], built, {}, config.mappings).penalties

    assert [(p.group, p.module is built.mappings["encoder"]) for p in penalties] == [
        ("default", True),
        ("c", True),
    ]
    assert penalties[0].factor(Clock(1, 1)) == 0.5


def same(parameters, others):
    return {id(p) for p in parameters} == {id(p) for p in others}


def test_steps_are_fused_unless_the_file_says_otherwise(build):
    entries = [adam("encoder"), adam("encoder", foreach=False), adam("encoder", fused=False)]
    entries.append({**adam("encoder"), "type": "RMSprop"})
    made = [build(optimizers=[entry])[0].optimizers[0] for entry in entries]

    found = [one.optimizer.defaults.get("fused") for one in made]

    assert found == [True, None, False, None]


def test_optimizers_get_their_arguments_and_exactly_what_they_train(build):
    first = adam("encoder", lr=0.5, group_name="other", name="mine")
    second = {"type": "SGD", "lr": 0.25, "trained_mapping_names": [], "optimizes_centroids": True}
    groups, made = build(optimizers=[first, second])

    one, two = groups.optimizers
    assert (type(one.optimizer), type(two.optimizer)) == (Adam, SGD)
    assert (one.group, two.group) == ("other", "default")
    assert (one.name, two.name) == ("mine", None)
    assert one.optimizer.param_groups[0]["lr"] == 0.5
    assert same(one.parameters, made.mappings["encoder"].parameters())
    assert same(two.parameters, [made.centroids.values])


def test_mappings_and_centroids_may_share_an_optimizer(build):
    groups, made = build()

    (only,) = groups.optimizers
    assert same(only.parameters, [*made.mappings["encoder"].parameters(), made.centroids.values])


def test_schedulers_belong_to_all_optimizers_of_their_name(build):
    step = {"type": "StepLR", "step_size": 1, "optimizer_name": "shared"}
    decay = {"type": "ExponentialLR", "gamma": 0.5, "optimizer_name": "own", "step": "iteration"}
    groups, _ = build(
        optimizers=[
            adam("encoder", name="shared"),
            adam("decoder", name="shared"),
            adam(name="own", optimizes_centroids=True),
        ],
        optimizer_learning_rate_schedulers=[step, decay],
    )

    found = [(len(m.epoch_schedulers), len(m.iteration_schedulers)) for m in groups.optimizers]
    assert found == [(1, 0), (1, 0), (0, 1)]
    for member in groups.optimizers:
        for scheduler in (*member.epoch_schedulers, *member.iteration_schedulers):
            assert scheduler.optimizer is member.optimizer


def test_the_cycle_names_who_acts_when(build):
    groups, _ = build(
        optimizers=[adam("encoder", name="a"), adam("decoder", name="b")],
        optimizer_cycle=[
            {"active_optimizer_names": ["a"], "num_iterations": 2},
            {"active_optimizer_names": ["a", "b"], "num_iterations": 1},
        ],
    )

    active = ["".join(m.name for m in groups.active(Clock(1, i))) for i in range(1, 8)]
    assert active == ["a", "a", "ab", "a", "a", "ab", "a"]


def test_there_is_a_criterion_for_every_key_of_the_schema():
    assert CRITERIA.keys() == KEYS.keys()


@pytest.mark.parametrize("key", [key for key in KEYS if key != "loss"])  # it reads no evaluation
def test_every_criterion_ends_a_phase_when_it_is_met_and_not_before(key):
    bound = {"value": 0.5, "iterations": 10} if KEYS[key]["type"] == "object" else 0.5
    bound = 10 if KEYS[key]["type"] == "integer" else bound
    (criterion,) = build_exit_criteria({key: bound})
    scores = {m: 0.9 if key.endswith(f"{m}_gt") else 0.1 for m in METRICS.schemas}
    others = {m: 0.1 if key.endswith(f"{m}_gt") else 0.9 for m in METRICS.schemas}

    def reason(iteration, scores, ratio):
        evaluation = Evaluation(20, (20,), scores, ratio)
        clock = Clock(epoch=iteration, iteration=iteration, epoch_ends=True)
        return criterion.reason(State(clock, evaluation))

    assert reason(10, scores, 0.1)
    assert reason(9, others, 0.9) is None


@pytest.mark.parametrize("metric", METRICS.schemas)
def test_criteria_exist_for_metrics_of_which_more_is_better(metric):
    keys = {f"performance_evaluation_{metric}_{c}" for c in ("gt", "lt_after_iterations")}

    assert keys & KEYS.keys() == (
        keys if METRICS.schemas[metric]["x-better"] == "larger" else {*()}
    )


def test_only_criteria_on_scores_against_labels_need_labels():
    bounds = {"performance_evaluation_silhouette_gt": 0.5, "performance_evaluation_acc_gt": 0.5}

    assert list(map(needs_labels, build_exit_criteria(bounds))) == [False, True]
    assert not any(map(needs_labels, build_exit_criteria({"iterations": 5})))


def test_every_criterion_of_a_phase_is_made():
    assert len(build_exit_criteria({"iterations": 5, "epochs": 2})) == 2
