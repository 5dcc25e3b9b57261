"""Results of run folders are taken if the method that ran is the present one."""

import json

import pytest

from benchmarks.methods.files import ROOT, method_files
from benchmarks.methods.finished import finished_run, same
from tests.cases.methods import method
from tests.unit.benchmarks.methods.cases import write_method

ENVIRONMENT = {"threads": 1, "device": "cpu", "packages": {"torch": "2.14"}}


@pytest.fixture
def file(tmp_path):
    return write_method(tmp_path / "tiny.json")


def write_run(folder, file, seed=0, name="2026-11-29T12-00-00-0", acc=0.5, lacks=(), **changes):
    run = folder / "runs" / "tiny" / name
    run.mkdir(parents=True)
    configuration = {k: v for k, v in file.config.filled.items() if k not in lacks}
    evaluation = {"acc": acc, "nmi": 0.4, "ari": 0.3, "n_samples": 200}
    result = {
        "seed": seed,
        "status": "ok",
        "overrides": [],
        "datasets": [{"evaluation": evaluation}],
        "phases": [{"phase": "pretraining", "iteration": 4}],
        "label_informed": False,
        "error": None,
    }
    contents = {
        "config.json": {**configuration, "seed": seed},
        "result.json": {**result, **changes},
        "timing.json": {"digits/pretraining": 1.5, "digits/finetuning": 2.0},
        "environment.json": ENVIRONMENT,
    }
    for part, content in contents.items():
        (run / part).write_text(json.dumps(content))
    return run


def test_a_finished_run_becomes_a_measurement(file, tmp_path):
    write_run(tmp_path, file)
    result = finished_run(file, 0, [tmp_path / "runs"])

    assert (result.scores["acc"], result.seconds, result.date) == (0.5, 3.5, "2026-11-29")
    assert result.machine.endswith("1 thread, cpu, torch 2.14")
    assert finished_run(file, 1, [tmp_path / "runs"]) is None


def test_a_run_on_a_chosen_device_counts(file, tmp_path):
    on_cpu = write_method(tmp_path / "cpu" / "tiny.json", device="cpu")
    write_run(tmp_path, on_cpu, overrides=["--device cpu"])

    assert finished_run(file, 0, [tmp_path / "runs"]) is not None


def test_the_newest_run_counts(file, tmp_path):
    write_run(tmp_path, file, name="2026-11-29T13-00-00-0", acc=0.7)
    write_run(tmp_path, file, name="2026-11-29T12-30-00-0", acc=0.6)

    assert finished_run(file, 0, [tmp_path]).scores["acc"] == 0.7


@pytest.mark.parametrize(
    "changes",
    [{"status": "diverged"}, {"overrides": ["--max_iterations 2"]}],
    ids=["failed", "flags"],
)
def test_other_runs_do_not_count(changes, file, tmp_path):
    write_run(tmp_path, file, **changes)

    assert finished_run(file, 0, [tmp_path]) is None


def test_runs_of_a_changed_file_do_not_count(file, tmp_path):
    write_run(tmp_path, file)
    changed = write_method(file.path, precision="bf16")

    assert finished_run(changed, 0, [tmp_path]) is None


def test_keys_that_dcrf_has_learned_have_their_defaults(file, tmp_path):
    write_run(tmp_path, file, lacks=("compile", "description"))

    assert finished_run(file, 0, [tmp_path]) is not None


def test_a_damaged_run_does_not_count(file, tmp_path):
    run = write_run(tmp_path, file)
    (run / "timing.json").write_text("{")

    assert finished_run(file, 0, [tmp_path]) is None


def test_paths_of_another_checkout_are_equal(tmp_path):
    (quickstart,) = method_files([ROOT / "configurations" / "layer_wise_pretraining"])
    root = quickstart.config.datasets[0].options["root"]

    assert same("/elsewhere/datasets/mnist", "datasets/mnist")
    assert not same("/elsewhere/datasets/mnist", "datasets/usps")
    assert not same("/elsewhere/encoder", "encoder")
    assert same(root, root)


def test_numbers_are_compared_with_their_types():
    assert not same({"a": [1]}, {"a": [True]})
    assert not same({"a": 1}, {"a": 1, "b": 2})
    assert not same([1, 2], [1])
    assert same(method(), method())
