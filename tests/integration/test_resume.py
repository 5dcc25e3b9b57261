"""A run killed at any point and resumed has byte-identical results."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
import torch
from PIL import Image

from dcrf.cli.find_files import ROOT
from dcrf.config import load_checked
from dcrf.data import data_source
from dcrf.runs import one_run, run_files
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from dcrf.runs.resume import find_existing_run
from dcrf.storage import atomic_files as files
from dcrf.storage import checkpoint_files
from dcrf.training import optimizers
from tests.cases import methods
from tests.cases.compiling import compiles
from tests.cases.methods import (
    ENCODER,
    VIEW,
    adam,
    collapsing,
    digits,
    linear,
    method,
    records,
    written,
)
from tests.cases.set_methods import SHAPES, UNSEEN, set_method
from tests.soak.killing import results
from tests.soak.moments import MOMENTS


class Killed(BaseException):
    """Stands for a kill: no part of the package catches it."""


class Doomed:
    """Replaces a function, and raises Killed in the n-th call, from 1."""

    def __init__(self, function, call):
        self.function, self.left = function, call

    def __call__(self, *arguments, **named):
        self.left -= 1
        if self.left == 0:
            raise Killed
        return self.function(*arguments, **named)


def with_(first, second):
    """Return the method with changed keys in its first and second phase."""
    content = method()
    content["phases"][0].update(first)
    content["phases"][1].update(second)
    return content


def dec():
    """Two optimizers in turn, a learning rate by iteration, centroids that k-means recalculates."""
    content = with_({}, {"exit_criteria": {"iterations": 6}})
    strategy = {
        **methods.CENTROIDS,
        "centroid_recalculation_strategy": "classical_clustering",
        "centroid_recalculation_interval": 2,
    }
    fine = content["phases"][1]
    fine["optimizers"] = [adam("encoder", name="a"), {**adam("encoder", name="b"), "type": "SGD"}]
    fine["optimizer_cycle"] = [
        {"active_optimizer_names": ["a"], "num_iterations": 1},
        {"active_optimizer_names": ["b"], "num_iterations": 2},
    ]
    fine["optimizer_learning_rate_schedulers"] = [
        {"type": "StepLR", "step_size": 2, "optimizer_name": "a", "step": "iteration"},
    ]
    return {**content, "cluster_assignment_strategy": strategy}


def noisy():
    """Dropout, BatchNorm, layers whose shape the first batch sets, and an epoch's learning rate."""
    layers = [
        {"type": "Flatten"},
        {"type": "LazyLinear", "out_features": 16},
        {"type": "BatchNorm1d", "num_features": 16},
        {"type": "Dropout", "p": 0.3},
        {"type": "Linear", "in_features": 16, "out_features": 5},
    ]
    content = with_({"exit_criteria": {"iterations": 6}}, {})
    content["phases"][0]["optimizers"][0]["name"] = "all"
    content["phases"][0]["optimizer_learning_rate_schedulers"] = [
        {"type": "ExponentialLR", "gamma": 0.5, "optimizer_name": "all", "step": "epoch"},
    ]
    content["mappings"][0] = {**ENCODER, "layers": layers}
    return content


def adversarial():
    """Mixing coefficients from the pattern's own generator, and two optimizer groups."""
    content = method()
    content["mappings"].append(linear("critic", n_in=64, n_out=1, role="design_pattern_specific"))
    content["mappings"][-1]["layers"].insert(0, {"type": "Flatten"})
    first = content["phases"][0]
    first["design_patterns"] = [
        {
            "pattern": "adversarial_interpolation",
            "encoder_name": "encoder",
            "decoder_name": "decoder",
            "critic_name": "critic",
            "critic_loss_optimizer_group_name": "critic",
            "autoencoder_loss_optimizer_group_name": "default",
            "loss_report_interval": 3,
        }
    ]
    first["optimizers"] = [adam("encoder", "decoder"), adam("critic", group_name="critic")]
    return content


def two_data_sets():
    """A method that is kept for a second data set, and clusters form once a phase has ended."""
    strategy = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_in_feature_space_after_phase": "pretraining",
        "classical_clustering_in_feature_space_after_phase_num_restarts": 2,
    }
    more = {**method()["phases"][0], "name": "more", "order": 2}
    first = digits(order=0, phases=["pretraining"])
    second = digits(order=1, name="others", phases=["more"], reinitialize_mappings=False)
    phases = [method()["phases"][0], {**more, "performance_evaluation_interval": 2}]
    return method(cluster_assignment_strategy=strategy, phases=phases, datasets=[first, second])


def by_scores():
    """A classifier chosen by scores: earlier evaluations decide later ones."""
    heads = [linear(n, n_out=10, role="feature_space_classifier") for n in ("one", "two")]
    pattern = [{"pattern": "assignment_entropy", "classifier_name": n} for n in ("one", "two")]
    return method(
        mappings=[ENCODER, *heads],
        cluster_assignment_strategy={
            "type": "classifier",
            "classifier_selection_criterion": "highest_average_acc",
        },
        phases=[
            {
                "name": "training",
                "order": 1,
                "exit_criteria": {
                    "iterations": 8,
                    "performance_evaluation_cluster_reassignment_ratio_lt": 0.0001,
                },
                "performance_evaluation_interval": 2,
                "design_patterns": pattern,
                "optimizers": [adam("encoder", "one", "two")],
            }
        ],
    )


def saving():
    """A phase that loads the file that it saves, and one that never replaces a file."""
    encoder = {"mapping_name": "encoder", "path_to_file_or_dir": "saved/encoder.pth"}
    kept = {**encoder, "path_to_file_or_dir": "saved/kept.pth", "keep_old_files": True}
    loaded = {"mapping_name": "encoder", "path_to_file": "saved/encoder.pth"}
    return with_(
        {
            "load_mapping_parameters": [loaded],
            "save_mapping_parameters": [{**one, "saving_interval": 1} for one in (encoder, kept)],
        },
        {"load_mapping_parameters": [{**loaded, "path_to_file": "saved/kept.pth"}]},
    )


def mixing():
    """A trained mixture in standardized features of two layers, and clusterings beside it."""
    encoder = {**ENCODER, "layers": [dict(layer) for layer in ENCODER["layers"]]}
    encoder["layers"][1]["name"], encoder["layers"][3]["name"] = "hidden", "code"
    features = {"mapping_name": "encoder", "layer_names": ["hidden", "code"]}
    k_means = {"method": "k_means", "num_restarts": 2}
    content = with_({}, {"exit_criteria": {"iterations": 6}})
    content["phases"][1]["optimizers"] = [
        {"type": "Adam", "lr": 0.01, "trained_parts": ["encoder", "assignment"]}
    ]
    return {
        **content,
        "mappings": [encoder, *content["mappings"][1:]],
        "cluster_assignment_strategy": {
            "type": "mixture",
            "clustering": k_means,
            "means": {"trainable": True},
            "covariances": {"form": "diagonal", "start": "clustering", "trainable": True},
            "weights": {"trainable": True},
            "features": {**features, "normalize": "z_score"},
            "use_mixture_during_phases": ["finetuning"],
        },
        "reclusterings": [
            {"name": "early", "clustering": k_means, "after_phase": "pretraining"},
            {"name": "late", "clustering": k_means, "features": features},
        ],
    }


def bf16():
    """Layers in bfloat16, and an epoch whose last batch is smaller."""
    return {**noisy(), "precision": "bf16", "datasets": [digits(batch_size=70, drop_last=False)]}


def acting():
    """Patterns that keep a state of their own: running means with counts, and mined neighbors."""
    content = with_({}, {"exit_criteria": {"iterations": 6}})
    content["phases"][1]["design_patterns"] = [
        {"pattern": "running_mean_centroids"},
        {
            "pattern": "neighbor_consistency",
            "num_neighbors": 3,
            "neighbor_batch_augmentation_name": "view",
        },
    ]
    content["phases"][1]["optimizers"] = [adam("encoder")]
    return content


def balanced():
    """Samples by their clusters, of which an epoch keeps those that it started with."""
    often = {"exit_criteria": {"iterations": 7}}
    data = digits(batch_size=60, drop_last=False, sampling="balanced_over_clusters")
    del data["shuffle"]
    return {**with_({}, often), "datasets": [data]}


def scheduled():
    """Scheduled weights, clipping and temperature, and the epoch with the lowest loss kept."""
    content = with_(
        {"exit_criteria": {"iterations": 10}, "keep": "lowest_loss"},
        {
            "exit_criteria": {
                "iterations": 10,
                "loss": {
                    "name": "target_distribution/divergence",
                    "patience_iterations": 6,
                    "min_delta": 1,
                },
            },
            "keep": "lowest_loss",
            "frozen_parts": ["encoder.0"],
            "gradient_clipping": {
                "norm": {"schedule": "cosine", "from": 1, "to": 0.1, "end_iteration": 6}
            },
        },
    )
    layers = [dict(layer) for layer in ENCODER["layers"]]
    layers[1]["name"] = "0"
    content["mappings"][0] = {**ENCODER, "layers": layers}
    weight = {"schedule": "piecewise", "points": [[0, 1], [2, 3], [9, 1]]}
    content["phases"][0]["design_patterns"][0] = {
        **content["phases"][0]["design_patterns"][0],
        "loss_weight": weight,
    }
    alpha = {"schedule": "linear", "from": 0.1, "to": 2, "end_iteration": 5}
    content["cluster_assignment_strategy"] = {
        **methods.CENTROIDS,
        "similarity_measure": "gaussian",
        "gaussian_similarity_measure_inverse_temperature": alpha,
    }
    return content


def pooled():
    """Layers of our own: codes that are drawn, and pools whose indices a decoder takes."""
    content = method()
    pad = {"kernel_size": 3, "padding": 1}
    encoder = [
        {"type": "Conv2d", "in_channels": 1, "out_channels": 2, **pad},
        {"type": "MaxPool2d", "name": "pool", "kernel_size": 2},
        {"type": "Flatten"},
        {"type": "Linear", "in_features": 32, "out_features": 10},
        {"type": "reparameterize"},
    ]
    decoder = [
        {"type": "Linear", "in_features": 5, "out_features": 32},
        {"type": "Unflatten", "dim": 1, "unflattened_size": [2, 4, 4]},
        {"type": "unpool_by_indices", "pool": "pool"},
        {"type": "Conv2d", "in_channels": 2, "out_channels": 1, **pad},
    ]
    for mapping, layers in zip(content["mappings"], (encoder, decoder), strict=True):
        mapping["layers"] = layers
    return content


def partitioning():
    """Sets of different sizes, the best parameters on a validation data set, and pictures."""
    shapes = {**SHAPES, "num_objects": [6, 12], "num_problems": 30}
    content = set_method(name="tiny", datasets=[shapes, UNSEEN])
    content["phases"][0] |= {
        "exit_criteria": {"iterations": 9},
        "validation": {"dataset": "unseen", "interval": 2},
        "problem_pictures": [
            {"dataset": "unseen", "interval": 4, "num_problems": 2},
            {"dataset": "shapes", "num_problems": 1},
        ],
    }
    return content


VARIETIES = [
    *(method, dec, noisy, adversarial, two_data_sets, by_scores, saving, bf16, acting, mixing),
    *(balanced, scheduled, pooled, partitioning),
]
every_variety = pytest.mark.parametrize("make", VARIETIES, ids=lambda make: make.__name__)


@pytest.fixture
def run(tmp_path):
    """Start or resume a run in its own folder; return that folder and the outcome."""

    def runner(name, content, interval=1, **others):
        folder = tmp_path / name
        config = load_checked(written_with_files(folder, content))
        existing = find_existing_run(config, 0, folder)
        output = Output(folder, checkpoint_interval=interval, **others)
        return folder, run_method(
            config, 0, replace(output, resume_folder=existing and existing.folder)
        )

    runner.folder = tmp_path
    return runner


def written_with_files(folder, content):
    """Write a method, and encoder parameters of another run that it may load."""
    encoder = folder / "saved/encoder.pth"
    if not encoder.exists():
        encoder.parent.mkdir(parents=True)
        random = torch.Generator().manual_seed(0)
        shapes = {"1.weight": (16, 64), "1.bias": (16,), "3.weight": (5, 16), "3.bias": (5,)}
        state = {f"net.{n}": torch.randn(s, generator=random) for n, s in shapes.items()}
        torch.save(state, encoder)
        shutil.copy(encoder, encoder.with_name("kept.pth"))
    written(folder, content)
    return folder / "method.json"


def log(folder):
    (file,) = folder.glob("tiny/*/log.txt")
    return file.read_text()


@every_variety
def test_a_killed_run_resumes_to_identical_bytes(run, in_step, make):
    content = make()
    folder, outcome = run("whole", content)
    assert outcome.status == "ok", outcome.error
    expected = results(folder)
    assert {"metrics.jsonl", "result.json"} < expected.keys()
    assert all(r["kind"] for r in records(next(folder.glob("tiny/*-0"))))

    for call, interval in (
        (2, 1),
        (5, 1),
        (2, 1),
        (1, 2),
    ):  # each attempt is killed in its n-th step
        with in_step(Doomed, call), pytest.raises(Killed):
            run("cut", content, interval)
    folder, outcome = run("cut", content)

    assert outcome.status == "ok", outcome.error
    assert results(folder) == expected
    assert "resumes from" in log(folder)


@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_streamed_batches_resume_at_their_position(
    run, in_step, monkeypatch, tmp_path, num_workers
):
    monkeypatch.setattr(data_source, "SAMPLES_IN_MEMORY_BYTES", 0)
    picture = {"type": "Grayscale"}
    data = {"source": "torchvision", "dataset": "ImageFolder", "root": str(pictures(tmp_path))}
    views = [{"name": "view", "transforms": [picture, VIEW, {"type": "ToTensor"}]}]
    loading = {"batch_size": 12, "shuffle": True, "drop_last": False, "num_workers": num_workers}
    entry = {**data, "name": "pictures", "num_clusters": 3, **loading}
    entry |= {"transforms": [picture, {"type": "ToTensor"}], "batch_augmentations": views}
    content = method(datasets=[entry])
    neighbors = {"pattern": "neighbor_consistency", "num_neighbors": 3}
    neighbors["neighbor_batch_augmentation_name"] = "view"
    content["phases"][1]["design_patterns"].append(neighbors)
    expected = results(run("whole", content)[0])
    for call in (2, 4):
        with in_step(Doomed, call), pytest.raises(Killed):
            run("cut", content)

    folder, outcome = run("cut", content)

    assert outcome.status == "ok", outcome.error
    assert results(folder) == expected


def pictures(folder):
    """Write a folder of 32 pictures in two classes."""
    random = np.random.default_rng(0)
    for number in range(32):
        file = folder / f"pictures/{number % 2}/{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(256, size=(8, 8), dtype=np.uint8)).save(file)
    return folder / "pictures"


COMPILED = """
import sys
from pathlib import Path
from tests.soak.killing import At, Case, results, run

folder = Path(sys.argv[1])
case = Case(folder / "method.json", interval=1)
assert run(case, folder / "whole") == 0, (folder / "whole/output.txt").read_text()
step = At("dcrf.training.optimizers:OptimizerGroups.step", 3)
assert run(case, folder / "cut", step) == -9 and run(case, folder / "cut") == 0
assert results(folder / "cut") == results(folder / "whole")
"""


@pytest.mark.slow
@compiles
def test_compiled_mappings_resume_to_identical_bytes(tmp_path):
    odd = [digits(batch_size=150, drop_last=False)]
    written(tmp_path, {**noisy(), "compile": True, "datasets": odd})
    command = [sys.executable, "-c", COMPILED, str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def saving_only():
    content = saving()
    del content["phases"][0]["load_mapping_parameters"]
    return content


@pytest.mark.parametrize("make", [saving, saving_only])
def test_a_run_that_starts_again_recognizes_its_own_saved_files(run, in_step, make):
    expected = results(run("whole", make())[0])

    with in_step(Doomed, 3), pytest.raises(Killed):
        run("cut", make(), None)
    folder, outcome = run("cut", make(), None)

    assert outcome.status == "ok", outcome.error
    assert results(folder) == expected


def test_a_phase_that_starts_again_loads_the_numbered_file_of_its_run(run, monkeypatch):
    expected = results(run("whole", saving())[0])
    with monkeypatch.context() as patch:
        patch.setattr(run_files, "load_part", Doomed(run_files.load_part, 2))
        with pytest.raises(Killed):
            run("cut", saving(), None)

    folder, _ = run("cut", saving(), None)

    assert "saved/kept_2.pth" in expected
    assert results(folder) == expected


class Signalled:
    """Replaces a function, and sends this process signals in the n-th call, from 1."""

    def __init__(self, function, call, *numbers):
        self.function, self.left, self.numbers = function, call, numbers

    def __call__(self, *arguments):
        self.left -= 1
        for number in self.numbers if self.left == 0 else ():
            os.kill(os.getpid(), number)
        return self.function(*arguments)


@pytest.fixture
def in_step(monkeypatch):
    """Replace the optimizers' step inside a block."""
    step = optimizers.OptimizerGroups.step

    @contextmanager
    def happens(kind, *arguments):
        made = kind(step, *arguments)

        def stepping(groups, losses, clock):  # a function, so that it becomes a method
            made(groups, losses, clock)

        with monkeypatch.context() as patch:
            patch.setattr(optimizers.OptimizerGroups, "step", stepping)
            yield made

    return happens


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The results of an uninterrupted run of the plain method."""
    folder = tmp_path_factory.mktemp("whole")
    config = load_checked(written_with_files(folder, method()))
    assert run_method(config, 0, Output(folder)).status == "ok"
    return results(folder)


def newest(folder):
    (parent,) = folder.glob("tiny/*/checkpoints")
    return checkpoint_files.read(checkpoint_files.folders(parent)[-1], "cpu")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_iteration_with_a_checkpoint(run, in_step, whole, number):
    with in_step(Signalled, 6, number):  # the second iteration of the second phase
        folder, outcome = run("stopped", method(), interval=None)

    assert outcome.status == "interrupted"
    assert newest(folder).state["phase"]["state"]["clock"]["iteration"] == 2
    assert f"--resume {next(folder.glob('tiny/*'))}" in log(folder)

    assert run("stopped", method())[1].status == "ok"
    assert results(folder) == whole


def test_how_long_a_collapse_has_lasted_is_kept(run, in_step):
    content = {**collapsing(on_collapse="stop"), "name": "tiny"}
    expected = results(run("whole", content, interval=None)[0])
    for after in (4 + 60, 61):  # between the first evaluation and the alarm, and at that
        with in_step(Signalled, after, signal.SIGTERM):
            assert run("stopped", content, interval=None)[1].status == "interrupted"

    folder, outcome = run("stopped", content, interval=None)

    assert outcome.status == "ok", outcome.error
    assert results(folder) == expected
    assert "collapsed: it 50 to 150" in log(folder)


def test_a_second_signal_stops_at_once(run, in_step, whole):
    with in_step(Signalled, 6, signal.SIGINT, signal.SIGINT) as step:
        folder, outcome = run("stopped", method(), interval=None)

    assert outcome.status == "interrupted"
    assert step.left == 0
    assert newest(folder).state.get("phase") is None  # only the end of the first phase

    assert run("stopped", method())[1].status == "ok"
    assert results(folder) == whole


def test_signal_handlers_are_restored_after_a_run(run, in_step):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with in_step(Signalled, 2, signal.SIGTERM):
        run("stopped", method())

    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_short_run_writes_checkpoints_only_after_phases(run):
    folder, _ = run("short", method(), interval=None, keeps_checkpoints=True)

    (parent,) = folder.glob("tiny/*/checkpoints")
    states = [checkpoint_files.read(path, "cpu").state for path in checkpoint_files.folders(parent)]
    assert [state["position"]["phase"] for state in states] == [1, 2]
    # with its checkpoints, a run keeps a state from which its last phase can continue
    assert ["phase" in state for state in states] == [True, False]


def test_a_run_that_has_ended_well_removes_its_checkpoints(run, in_step):
    with in_step(Doomed, 7), pytest.raises(Killed):
        run("cut", method())
    (parent,) = run.folder.glob("cut/tiny/*/checkpoints")
    assert len(checkpoint_files.folders(parent)) == checkpoint_files.CHECKPOINTS_KEPT

    assert run("cut", method())[1].status == "ok"

    assert {file.name for file in parent.iterdir()} == {"run.json", "lock"}


def full(function, *arguments):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_training_continues_if_no_checkpoint_can_be_written(run, monkeypatch, whole):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_files, "_fill", full)
        folder, outcome = run("full", method())

    assert outcome.status == "ok"
    assert results(folder) == whole
    assert log(folder).count("no checkpoint could be written: [Errno 28]") == 6 + 2
    (parent,) = folder.glob("tiny/*/checkpoints")
    assert {file.name for file in parent.iterdir()} == {"run.json", "lock"}


def test_a_run_whose_results_cannot_be_written_fails_and_can_be_resumed(run, monkeypatch, whole):
    def full_for_results(file, content):
        (full if file.name == "result.json" else files.write_json)(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(one_run, "write_json", full_for_results)
        folder, outcome = run("no room", method())

    assert outcome.status == "failed"
    assert "results cannot be written: [Errno 28]" in outcome.error
    assert f"resume with: python main.py --resume '{next(folder.glob('tiny/*'))}'" in log(folder)
    assert run("no room", method())[1].status == "ok"
    assert results(folder) == whole


def test_the_last_good_checkpoint_is_used_after_a_write_that_failed(
    run, in_step, monkeypatch, whole
):
    fill, calls = checkpoint_files._fill, count(1)

    def full_later(*arguments):
        (full if next(calls) > 5 else fill)(*arguments)

    with monkeypatch.context() as patch, in_step(Doomed, 7):
        patch.setattr(checkpoint_files, "_fill", full_later)
        with pytest.raises(Killed):
            run("cut", method())

    folder, outcome = run("cut", method())

    assert outcome.status == "ok"
    assert "resumes after it 1\n" in log(folder)
    assert results(folder) == whole


def killed_run(run, in_step, call=7):
    """Kill a run; return the folders of its checkpoints, the newest last."""
    with in_step(Doomed, call), pytest.raises(Killed):
        run("cut", method())
    (parent,) = run.folder.glob("cut/tiny/*/checkpoints")
    return checkpoint_files.folders(parent)


def truncate(file):
    os.truncate(file, file.stat().st_size // 2)


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", ["state.pth", "description.json", "manifest.json"])
@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink])
def test_a_damaged_checkpoint_is_skipped(run, in_step, whole, damage, name):
    older, newer = killed_run(run, in_step)
    damage(newer / name)

    folder, outcome = run("cut", method())

    assert outcome.status == "ok"
    assert f"resumes from {older}\n" in log(folder)
    assert str(newer) in log(folder)
    assert results(folder) == whole


def test_a_run_without_an_intact_checkpoint_is_refused_unchanged(run, in_step):
    folders = killed_run(run, in_step)
    for folder in folders:
        flip(folder / "state.pth")
    before = (folder.parents[1] / "metrics.jsonl").read_bytes()

    _, outcome = run("cut", method())

    assert outcome.status == "failed"
    assert "state.pth has changed; begin a new run without --resume" in outcome.error
    assert (folder.parents[1] / "metrics.jsonl").read_bytes() == before
    assert all(folder.exists() for folder in folders)


def test_metrics_that_have_lost_lines_are_refused(run, in_step):
    *_, newest = killed_run(run, in_step)
    os.truncate(newest.parents[1] / "metrics.jsonl", 10)

    _, outcome = run("cut", method())

    assert outcome.status == "failed"
    assert "metrics.jsonl has lost lines: 10 of " in outcome.error


def test_a_checkpoint_of_another_configuration_is_refused(run, in_step):
    *_, newest = killed_run(run, in_step)
    config = newest.parents[1] / "config.json"
    content = json.loads(config.read_text())
    content["phases"][1]["optimizers"][0]["lr"] = 0.5
    config.write_text(json.dumps(content))

    changed = method()
    changed["phases"][1]["optimizers"][0]["lr"] = 0.5
    _, outcome = run("cut", changed)

    assert outcome.status == "failed"
    assert "$.phases[1].optimizers[0].lr" in outcome.error
    assert "it was 0.01 when the run started, now it is 0.5" in outcome.error


def test_changed_data_are_refused(run, in_step, tmp_path):
    random = np.random.default_rng(0)
    arrays = {
        "samples": random.random((60, 1, 8, 8), dtype=np.float32),
        "labels": np.arange(60) % 3,
    }
    data = {"source": "npz", "dataset": "mine", "path": str(tmp_path / "data.npz")}
    content = method(datasets=[{**digits(), **data, "num_clusters": 3, "batch_size": 20}])
    del content["datasets"][0]["index_of_last_sample_to_use"]
    np.savez(tmp_path / "data.npz", **arrays)
    with in_step(Doomed, 7), pytest.raises(Killed):
        run("cut", content)
    arrays["samples"][3, 0, 0, 0] += 1
    np.savez(tmp_path / "data.npz", **arrays)

    _, outcome = run("cut", content)

    assert outcome.status == "failed"
    assert "the data have changed since the run began: the samples differ" in outcome.error


def test_a_run_in_an_undecodable_folder_resumes(run, in_step):
    whole, cut = os.fsdecode(b"whole\xff"), os.fsdecode(b"cut\xff")
    expected = results(run(whole, saving())[0])
    with in_step(Doomed, 3), pytest.raises(Killed):
        run(cut, saving())

    folder, outcome = run(cut, saving())

    assert outcome.status == "ok", outcome.error
    assert results(folder) == expected


def test_two_processes_cannot_resume_one_run(run, in_step, tmp_path):
    *_, newest = killed_run(run, in_step)
    program = (
        "import sys; from pathlib import Path; from dcrf.storage.atomic_files import locked\n"
        "with locked(Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(newest.parent / "lock")]
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        _, refused = run("cut", method())
        other.communicate("")

    assert "another process is using" in refused.error
    assert run("cut", method())[1].status == "ok"


@pytest.mark.slow
def test_a_run_killed_inside_each_step_resumes_to_identical_bytes(tmp_path):
    file = written_with_files(tmp_path / "method", method())
    command = [sys.executable, "-m", "tests.soak.moments", str(file), str(tmp_path / "runs")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name}: -9, identical" for name in MOMENTS]
