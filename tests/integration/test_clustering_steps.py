"""Clusterings after steps in whole runs."""

import json

import pytest

from dcrf.errors import ConfigError
from tests.cases.methods import digits, method
from tests.unit.config.methods import load

AFTER_PCA = {"method": "k_means", "steps": [{"type": "pca", "n_components": 6}, "l2_normalize"]}


def test_reclusterings_follow_steps(run):
    pixels = {"type": "feature_extractor", "name": "pixels", "layers": [{"type": "Flatten"}]}
    entry = {"name": "pca", "clustering": AFTER_PCA, "features": {"mapping_name": "pixels"}}
    content = method(reclusterings=[entry])
    content["mappings"].append(pixels)
    folder = run(content, "--seed", "0")

    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    (record,) = [line for line in lines if line["kind"] == "reclustering"]
    assert record["evaluation"]["acc"] > 0.5
    assert (folder / "parameters" / "tiny_digits_pca.safetensors").is_file()


def test_more_components_than_samples_are_found_before_the_run(run, capsys):
    pixels = {"type": "feature_extractor", "name": "pixels", "layers": [{"type": "Flatten"}]}
    wide = {"method": "k_means", "steps": [{"type": "pca", "n_components": 60}]}
    entry = {"name": "pca", "clustering": wide, "features": {"mapping_name": "pixels"}}
    few = digits(index_of_last_sample_to_use=49)
    content = method(datasets=[few], reclusterings=[entry])
    content["mappings"].append(pixels)
    run(content, code=2)

    error = capsys.readouterr().err
    assert "n_components of the step pca is 60, but there are only 50 samples" in error
    assert "$.reclusterings[0]" in error


@pytest.mark.parametrize(
    ("step", "path", "words"),
    [
        ("pcaa", "", "pcaa"),
        ({"type": "pca"}, "", "n_components"),
        ({"type": "pca", "n_components": 0}, ".n_components", "0"),
        ({"type": "whitening", "epsilon": -1}, ".epsilon", "-1"),
        (3, "", "3"),
    ],
)
def test_mistakes_are_named(tmp_path, step, path, words):
    entry = {"name": "late", "clustering": {"method": "k_means", "steps": [step]}}
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, method(reclusterings=[entry]))

    problem = caught.value.problems[0]
    assert problem.path.startswith(f"$.reclusterings[0].clustering.steps[0]{path}")
    assert words in problem.found
