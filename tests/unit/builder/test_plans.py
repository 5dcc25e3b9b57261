"""From configuration to the plans that the trainer follows."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from dcrf.batch import Clock
from dcrf.builder.metrics import build_metrics
from dcrf.builder.plans import build_plans
from dcrf.builder.run_context import RunContext
from dcrf.config import load_checked
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Evaluator
from dcrf.randomness import RandomStreams
from dcrf.runs.run_files import RunFiles
from dcrf.training.hooks import AdvanceParts, Evaluate, Every, ReportLosses, ShowProgress
from dcrf.training.loss_means import AverageLoss
from dcrf.training.phase import PhaseState, run_phase
from tests.cases.methods import CENTROIDS, digits, linear, method, written


class Silent:
    """A writer that forgets everything."""

    def write(self, record):
        pass

    def close(self):
        pass


class World:
    """The plans of one of a method's data sets, and what they work on."""

    def __init__(self, folder, content, seed=0, seed_in_names=None, dataset=0):
        config = load_checked(Path(written(folder, content)))
        files = RunFiles(folder / "final", config.name, seed_in_names)
        self.run = RunContext(config, RandomStreams(seed), "cpu", Silent(), files)
        self.plans = build_plans(self.run)
        self.plan = self.plans[dataset]
        self.source, self.method = self.plan.open(), self.plan.make_method()
        self.data_pass = self.method.pass_over(self.source)

    def phase(self, index):
        plan = self.plan.phases[index]
        plan.prepare(self.method, self.data_pass)
        evaluator = Evaluator(self.method.assignment, self.source.labels, build_metrics())
        return plan.make(self.method, self.data_pass, evaluator)

    def train(self, index):
        phase = self.phase(index)
        batches = self.source.batches(phase.view_names)
        return run_phase(phase, batches, self.data_pass, self.method.cached_modules())


@pytest.fixture
def world(tmp_path):
    return lambda content=None, **others: World(tmp_path, content or method(), **others)


def saving(entry, **others):
    content = method(**others)
    content["phases"][0]["save_mapping_parameters"] = [{"mapping_name": "encoder", **entry}]
    return content


def kinds(phase):
    return [type(hook) for hook in phase.hooks]


def names(folder):
    return {file.name for file in folder.iterdir()}


def test_plans_name_data_sets_and_phases_in_order(world):
    content = method(
        datasets=[
            digits(name="second", order=2, reinitialize_mappings=False, phases=["finetuning"]),
            digits(name="first", order=1),
        ]
    )

    plans = world(content).plans

    found = [(p.name, p.keeps_method, [phase.name for phase in p.phases]) for p in plans]
    assert found == [
        ("first", False, ["pretraining", "finetuning"]),
        ("second", True, ["finetuning"]),
    ]


def test_the_end_of_a_phase_is_known_where_iterations_end_it(world):
    content = method()
    content["phases"][0]["exit_criteria"] = {"epochs": 1}

    assert [plan.max_iterations for plan in world(content).plan.phases] == [None, 4]


def test_in_bf16_parameters_losses_centroids_and_optimizers_stay_at_float32(world):
    made = world(method(precision="bf16", cluster_assignment_strategy=CENTROIDS))
    phase = made.phase(1)
    batches = islice(made.source.batches(phase.view_names), 2)
    run_phase(phase, batches, made.data_pass, made.method.cached_modules())
    kept = [
        value
        for member in phase.optimizers.optimizers
        for entry in member.optimizer.state.values()
        for value in entry.values()
    ]

    assert made.method.mappings["encoder"].use_bfloat16
    assert made.method.centroids.are_initialized
    values = [*made.method.parameters(), *phase.state.losses.values(), *kept]
    assert {value.dtype for value in values} == {torch.float32}
    assert len(kept) > 0


def test_hooks_act_after_what_they_look_at_has_happened(world):
    content = saving({"path_to_file_or_dir": "saved", "saving_interval": 2})
    content["phases"][1]["save_centroids"] = {"path_to_file_or_dir": "saved"}
    content["cluster_assignment_strategy"] = {
        **CENTROIDS,
        "centroid_recalculation_strategy": "classical_clustering",
        "centroid_recalculation_interval": 3,
    }
    content["phases"][1]["optimizers"][0]["optimizes_centroids"] = False
    made = world(content)

    first = kinds(made.phase(0))
    assert first == [AdvanceParts, AverageLoss, ReportLosses, Every, ShowProgress]
    second = made.phase(1)
    assert kinds(second) == [
        *(AdvanceParts, AverageLoss, Evaluate, ReportLosses, Every, ShowProgress)
    ]
    assert [hook.interval for hook in second.hooks if isinstance(hook, Every)] == [None]
    assert [h.also_at_the_end for h in second.hooks if isinstance(h, Every)] == [True]


def weights_and_groups(phase, iteration=1):
    clock = Clock(1, iteration)
    return {name: (r.weight(clock), r.group) for name, r in phase.optimizers.routes.items()}


def test_losses_go_where_the_file_sends_them(world):
    content = method()
    content["phases"][1]["design_patterns"][0].update(
        loss_weight=0.25, loss_optimizer_group_name="other", loss_report_interval=7
    )

    phase = world(content).phase(1)

    assert weights_and_groups(phase) == {
        "target_distribution/divergence": (0.25, "other"),
        "assignment_entropy/negative_entropy": (1.0, "default"),
        "assignment_entropy_2/negative_entropy": (1.0, "default"),
    }
    (report,) = (hook for hook in phase.hooks if isinstance(hook, ReportLosses))
    assert report.intervals["target_distribution/divergence"] == 7


def test_several_losses_of_a_pattern_have_a_route_each(world):
    content = method()
    content["mappings"].append(
        {
            "type": "design_pattern_specific",
            "name": "critic",
            "layers": [
                {"type": "Flatten"},
                {"type": "Linear", "in_features": 64, "out_features": 1},
            ],
        }
    )
    content["phases"][0]["design_patterns"] = [
        {
            "pattern": "adversarial_interpolation",
            "encoder_name": "encoder",
            "decoder_name": "decoder",
            "critic_name": "critic",
            "autoencoder_loss_optimizer_group_name": "default",
            "critic_loss_optimizer_group_name": "critics",
            "critic_loss_weight": 3.0,
            "autoencoder_loss_weight": 0.5,
        }
    ]

    routes = weights_and_groups(world(content).phase(0))

    assert sorted(routes.values()) == [(0.5, "default"), (3.0, "critics")]


def test_patterns_share_the_methods_assignment_and_see_their_views(world):
    made = world()

    phase = made.phase(1)

    assert phase.view_names == {"view"}
    assert list(phase.patterns) == [
        "target_distribution",
        "assignment_entropy",
        "assignment_entropy_2",
    ]
    for use in phase.patterns.values():
        assert use.pattern.assignment is made.method.assignment


def test_every_pattern_of_every_phase_and_data_set_has_a_random_stream_of_its_own(tmp_path):
    content = method(datasets=[digits(name="a"), digits(name="b", order=1)])
    content["mappings"].append(linear("critic", 64, 1))
    pattern = {
        "pattern": "adversarial_interpolation",
        "encoder_name": "encoder",
        "decoder_name": "decoder",
        "critic_name": "critic",
        "autoencoder_loss_optimizer_group_name": "default",
        "critic_loss_optimizer_group_name": "default",
    }
    for phase in content["phases"]:
        phase["design_patterns"] = [pattern, pattern]

    def drawn(seed):
        uses = [
            use
            for dataset in (0, 1)
            for phase in (0, 1)
            for use in World(tmp_path, content, seed, dataset=dataset)
            .phase(phase)
            .patterns.values()
        ]
        return [tuple(torch.rand(3, generator=use.pattern.generator).tolist()) for use in uses]

    first = drawn(seed=0)
    assert len(first) == 8
    assert drawn(seed=0) == first
    assert len({*first, *drawn(seed=1)}) == 16


def test_a_pattern_may_take_the_assignments_of_a_classifier(world):
    content = method()
    content["mappings"].append(
        {
            "type": "feature_space_classifier",
            "layers": [{"type": "Linear", "in_features": 5, "out_features": 10}],
        }
    )
    entropy = {"pattern": "assignment_entropy", "classifier_name": "feature_space_classifier"}
    content["phases"][0]["design_patterns"] = [entropy]
    made = world(content)

    assignment = made.phase(0).patterns["assignment_entropy"].pattern.assignment

    assert assignment.classifier is made.method.mappings["feature_space_classifier"]
    assert assignment.feature_extractor is made.method.mappings["encoder"]


def test_centroids_are_initialized_on_entering_the_first_phase_that_uses_them(world):
    made = world()
    made.phase(0)
    assert not made.method.centroids.are_initialized

    made.phase(1)
    first = made.method.centroids.values.detach().clone()
    assert first.shape == (10, 5)

    made.train(1)
    trained = made.method.centroids.values.detach().clone()
    assert not torch.equal(trained, first)
    made.phase(1)
    assert torch.equal(made.method.centroids.values, trained)


def test_centroids_depend_on_nothing_but_the_seed(world):
    found = []
    for seed in (0, 0, 1):
        made = world(seed=seed)
        made.phase(1)
        found.append(made.method.centroids.values.detach())

    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_recalculation_goes_on_with_the_same_parameter(world):
    content = method(
        cluster_assignment_strategy={
            **CENTROIDS,
            "centroid_initialization_strategy": "random_uniform_noise",
            "centroid_recalculation_strategy": "classical_clustering",
            "centroid_recalculation_interval": 1,
        }
    )
    content["phases"][1]["optimizers"][0]["optimizes_centroids"] = False
    made = world(content)
    parameter = made.method.centroids.values
    phase = made.phase(1)
    noise = parameter.detach().clone()

    (recalculation,) = (hook for hook in phase.hooks if isinstance(hook, AdvanceParts))
    clock = next(made.source.batches())[0]
    recalculation.after_iteration(PhaseState(clock))

    assert made.method.centroids.values is parameter
    assert not torch.equal(parameter, noise)


def test_parameters_are_saved_while_a_phase_runs_and_loaded_by_the_next(world, tmp_path):
    content = saving({"path_to_file_or_dir": "saved"})
    first = world(content)
    first.train(0)
    assert names(tmp_path / "saved") == {"tiny_digits_encoder.pth"}

    content = method()
    content["phases"][0]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": "saved/tiny_digits_encoder.pth"}
    ]
    second = world(content, seed=1)
    second.phase(0)

    for loaded, kept in zip(
        second.method.mappings["encoder"].parameters(),
        first.method.mappings["encoder"].parameters(),
        strict=True,
    ):
        assert torch.equal(loaded, kept)


def test_what_has_no_data_yet_is_an_error_when_its_turn_comes(world, tmp_path):
    (tmp_path / "encoder.pth").write_bytes(b"no parameters")
    content = method()
    content["phases"][0]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": "encoder.pth"}
    ]

    made = world(content)

    with pytest.raises(DataError, match=r"encoder\.pth"):
        made.phase(0)


def test_files_of_several_seeds_do_not_meet(world, tmp_path):
    content = saving({"path_to_file_or_dir": "saved"})

    for seed in (1, 2):
        made = world(content, seed=seed, seed_in_names=seed)
        made.train(0)
        made.plan.finish(made.method, None)

    assert names(tmp_path / "saved") == {
        "tiny_digits_encoder_seed1.pth",
        "tiny_digits_encoder_seed2.pth",
    }
    # the run's own folder is one seed's alone, and its names are the same for every seed
    assert "tiny_digits_decoder.safetensors" in names(tmp_path / "final/parameters")


def test_centroids_are_kept_at_the_end_only_if_there_are_any(world, tmp_path):
    made = world()
    made.plan.finish(made.method, None)
    assert names(tmp_path / "final/parameters") == {
        "tiny_digits_encoder.safetensors",
        "tiny_digits_decoder.safetensors",
        "tiny_digits_state.pth",
    }

    made.phase(1)
    made.plan.finish(made.method, None)
    assert "tiny_digits_centroids.safetensors" in names(tmp_path / "final/parameters")


def test_the_cluster_of_every_sample_is_written(world, tmp_path):
    made = world(method())

    made.plan.finish(made.method, np.array([2, 0, 2]))

    file = tmp_path / "final/clusters/digits.csv"
    assert file.read_text().splitlines() == ["sample,cluster", "0,2", "1,0", "2,2"]
