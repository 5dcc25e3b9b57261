"""A first phase that methods share gives the results of methods that train it themselves."""

import json
from copy import deepcopy

import pytest

from benchmarks.methods.files import method_files
from benchmarks.methods.measure import measure, shared_starts
from dcrf.cli.main import main
from dcrf.recombination.first_phase import start_of
from tests.cases.methods import ENCODER, method, result

NORMALIZED = {
    **ENCODER,
    "layers": [
        *ENCODER["layers"][:2],
        {"type": "BatchNorm1d", "num_features": 16},
        {"type": "ReLU"},
        {"type": "Dropout", "p": 0.2},
        ENCODER["layers"][3],
    ],
}


def two_methods(folder, **changes):
    """Two files that differ in their second phase only."""
    _, decoder = method()["mappings"]
    mappings = [NORMALIZED, decoder]
    contents = [method(name=name, mappings=mappings, **changes) for name in ("first", "second")]
    contents[1]["phases"][1]["design_patterns"] = [{"pattern": "assignment_entropy"}]
    for content in contents:
        content["phases"][0]["exit_criteria"] = {"epochs": 3}
        content["phases"][0]["design_patterns"][0]["batch_augmentation_name"] = "view"
        (folder / f"{content['name']}.json").write_text(json.dumps(content))
    return method_files([folder / "first.json", folder / "second.json"])


def test_results_are_those_of_methods_alone(tmp_path):
    files = two_methods(tmp_path)
    starts = shared_starts({file.stem: file.config for file in files})
    kept, places = [], [tmp_path / "shared", tmp_path / "alone"]
    for file in files:
        kept.append(
            [
                measure(file, 1, place, 10, start)
                for place, start in zip(places, (starts[file.stem], None), strict=True)
            ]
        )

    for shared, alone in kept:
        assert shared.is_ok
        assert (shared.scores, shared.iterations) == (alone.scores, alone.iterations)
        assert shared.iterations["pretraining"] == 12
    assert kept[0][0].scores != kept[1][0].scores
    (trained,) = (places[0] / "starts").iterdir()
    assert {file.name for file in trained.iterdir()} == {
        *("start.json", "started.json"),
        *("encoder.safetensors", "decoder.safetensors"),
    }


def test_losses_and_clusters_are_equal_to_the_byte(tmp_path):
    file, _ = two_methods(tmp_path)
    start = start_of(file.config)
    place = tmp_path / "place"
    written = start.write_method(place, 5)
    runs = []
    for path, flags in ((written, []), (file.path, start.settings(place)), (file.path, [])):
        folder = tmp_path / f"runs_{len(runs)}"
        assert main([str(path), "--seed", "5", "--output_dir", str(folder), *flags]) == 0
        runs.append(next(folder.glob("*/*/")))
    _, after, alone = runs

    def finetuning(folder):
        lines = (folder / "metrics.jsonl").read_text().splitlines()
        return [line for line in lines if json.loads(line)["phase"] != "pretraining"]

    assert len(finetuning(after)) > 2
    assert finetuning(after) == finetuning(alone)
    for name in ("clusters/digits.csv", "parameters/first_digits_encoder.safetensors"):
        assert (after / name).read_bytes() == (alone / name).read_bytes()
    assert result(after)["datasets"] == result(alone)["datasets"]


def first_phase(**changes):
    content = method()
    content["phases"][0] |= changes
    return content


def strategy(**changes):
    content = method()
    content["cluster_assignment_strategy"] |= changes
    return content


def with_pattern(pattern):
    content = method()
    content["phases"][0]["design_patterns"].append(pattern)
    content["cluster_assignment_strategy"]["use_centroids_during_phases"] = [
        "pretraining",
        "finetuning",
    ]
    return content


UNSHARED = {
    "clusters in the first phase": with_pattern({"pattern": "assignment_entropy"}),
    "centroids from the first phase on": strategy(
        use_centroids_during_phases=["pretraining", "finetuning"]
    ),
    "an evaluation": first_phase(performance_evaluation_interval=2),
    "its own files": first_phase(
        save_parameters=[{"part_name": "encoder", "path_to_file_or_dir": "encoder.pth"}]
    ),
    "a reclustering after it": {
        **method(),
        "reclusterings": [{"name": "r", "clustering": "k_means", "after_phase": "pretraining"}],
    },
    "nothing to train": first_phase(design_patterns=[], optimizers=[]),
}


@pytest.mark.parametrize("content", UNSHARED.values(), ids=UNSHARED)
def test_a_phase_that_leaves_more_than_parameters_is_not_shared(content, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(content))
    (file,) = method_files([path])

    assert start_of(file.config) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["phases"][0]["optimizers"][0].update(lr=0.5),
        lambda c: c["mappings"][1]["layers"][0].update(bias=False),
        lambda c: c["datasets"][0].update(batch_size=40),
        lambda c: c.update(precision="bf16"),
    ],
    ids=["optimizer", "decoder", "data", "precision"],
)
def test_starts_that_differ_are_not_shared(change, tmp_path):
    contents = [method(name=name) for name in ("first", "second", "third")]
    change(contents[2])
    for content in contents:
        (tmp_path / f"{content['name']}.json").write_text(json.dumps(deepcopy(content)))

    assert shared_starts({file.stem: file.config for file in method_files([tmp_path])}).keys() == {
        "first",
        "second",
    }
