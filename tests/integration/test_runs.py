"""Whole runs through the command line: what comes out, and that it comes out again."""

import json
import re

import numpy as np
import pytest

from tests.cases import methods
from tests.cases.methods import contents, digits, final, method, records, result


def test_a_run_leaves_everything_that_it_promises(run):
    folder = run(method())

    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    checkpoints = {name for name in files if name.startswith("checkpoints/")}
    assert checkpoints == {"checkpoints/lock", "checkpoints/run.json"}
    assert files - checkpoints == {
        "config.json", "environment.json", "log.txt", "metrics.jsonl", "result.json",
        "timing.json", "clusters/digits.csv", "confusion/digits.csv", "examples/digits.csv",
        "examples/digits.npy", "moments/digits/samples.csv", "moments/digits/samples.npy",
        "moments/digits/pretraining-end.npy", "moments/digits/finetuning-end.npy",
        "parameters/tiny_digits_encoder.safetensors", "parameters/tiny_digits_decoder.safetensors",
        "parameters/tiny_digits_centroids.safetensors", "parameters/tiny_digits_state.pth",
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
    # how far a schedule has come does not depend on the seed
    assert differing | {"tiny_digits_state.pth"} == contents(first).keys()


@pytest.mark.parametrize("flags", [["--no_log_files"], ["--no_log_timestamps"]])
def test_log_flags_change_no_result(run, flags):
    assert contents(run(method())) == contents(run(method(), *flags))


def test_the_evaluation_interval_changes_no_parameter(run):
    changed = method()
    changed["phases"][1]["performance_evaluation_interval"] = 1

    first, other = contents(run(method())), contents(run(changed))

    assert first["tiny_digits_encoder.safetensors"] == other["tiny_digits_encoder.safetensors"]
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
    # the second one is minimized too: without its weight the parameters are others
    encoder = "tiny_digits_encoder.safetensors"
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
    encoders = [folder / f"parameters/tiny_{n}_encoder.safetensors" for n in ("train", "test")]
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

    folder = run(method(datasets=[data], metrics=["purity", "calinski_harabasz"]))
    found = final(folder)

    assert (found["acc"], found["nmi"], found["ari"]) == (None, None, None)
    assert found["internal"].keys() == {"silhouette", "davies_bouldin", "calinski_harabasz"}
    note = "has no labels of two or more classes, so these metrics are left out: purity"
    assert (folder / "log.txt").read_text().count(note) == 1
    assert "purity" not in found
    assert -1 <= found["internal"]["silhouette"] <= 1
    assert found["internal"]["davies_bouldin"] > 0


def test_a_final_evaluation_that_is_not_possible_is_absent_with_a_reason(run):
    content = method(datasets=[digits(phases=["pretraining"])])

    (entry,) = result(run(content))["datasets"]

    assert entry["evaluation"] is None
    assert "not initialized" in entry["absent"]


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
