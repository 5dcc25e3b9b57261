"""Steps of data sets: all samples go through them, fitted to the training data."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

import dcrf
from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import DECODER, ENCODER, digits, method

PIXELS = load_digits().images.reshape(-1, 1, 8, 8).astype(np.float32)
TRAINING, TEST = PIXELS[:200], PIXELS[200:300]
SCALER = StandardScaler().fit(TRAINING.reshape(-1, 64))


def standardized(samples):
    rows = SCALER.transform(samples.reshape(-1, 64).astype(np.float64))
    return rows.reshape(-1, 1, 8, 8).astype(np.float32)


def entry(name, **changes):
    drop = ("index_of_last_sample_to_use", "batch_augmentations")
    values = {key: value for key, value in digits().items() if key not in drop}
    return {**values, "source": "memory", "dataset": name, "name": name, **changes}


def on(*datasets, **changes):
    """A method on data sets without views."""
    content = method(datasets=list(datasets), **changes)
    del content["phases"][1]["design_patterns"][2]
    return content


def test_samples_are_those_that_somebody_else_has_standardized(tmp_path):
    content = on(
        entry("a", steps=["standardize"]), entry("b", steps=["standardize"], steps_fitted_on="a")
    )
    data = {"a": TRAINING, "b": TEST}
    ready = on(entry("a"), entry("b"))

    result = dcrf.run(content, data=data, seed=1, output_dir=tmp_path / "runs")
    same = dcrf.run(ready, data={"a": standardized(TRAINING), "b": standardized(TEST)}, seed=1)

    for name, samples in data.items():
        probabilities = result.assign(samples, name)
        expected = same.assign(standardized(samples), name)
        np.testing.assert_allclose(probabilities, expected, atol=1e-4)
        saved = load_file(next((result.folder / "parameters").glob(f"*_{name}_steps.safetensors")))
        torch.testing.assert_close(saved["0.mean"], torch.from_numpy(SCALER.mean_))


def test_a_step_may_change_the_width_of_samples():
    layers = [
        {"type": "Linear", "in_features": 9, "out_features": 5},
    ]
    back = [{"type": "Linear", "in_features": 5, "out_features": 9}]
    content = on(
        entry("a", steps=[{"type": "pca", "n_components": 9}, "min_max"]),
        mappings=[{**ENCODER, "layers": layers}, {**DECODER, "layers": back}],
    )

    result = dcrf.run(content, data={"a": TRAINING}, seed=1)

    assert result.clusters["a"].shape == (200,)
    with pytest.raises(ConfigError, match="the data set gives 9"):
        dcrf.run({**content, "mappings": method()["mappings"]}, data={"a": TRAINING}, seed=1)


def test_images_become_numbers_up_to_one(tmp_path):
    np.savez(tmp_path / "images.npz", samples=(TRAINING[:, 0] * 15).astype(np.uint8))
    images = {"source": "npz", "dataset": "images", "path": "images.npz"}
    written = tmp_path / "method.json"
    written.write_text(json.dumps(on(entry("images", **images, steps=["log1p"]))))

    result = dcrf.run(written, seed=1)

    assert result.clusters["images"].shape == (200,)


@pytest.mark.parametrize(
    ("steps", "path", "message"),
    [
        (["t_sne"], "steps[0]", "cannot transform samples that it was not fitted to"),
        (["min_max", "standardise"], "steps[1]", "did you mean 'standardize'"),
        ([{"type": "pca", "n_components": 65}], "steps[0]", "only 64 features"),
    ],
)
def test_steps_that_cannot_be_are_refused_at_their_place(steps, path, message):
    content = on(digits(steps=steps))
    with pytest.raises(ConfigError) as caught:
        check(load_checked(content))

    problem = next(p for p in caught.value.problems if p.path == f"$.datasets[0].{path}")
    assert message in f"{problem.found}; {problem.remedy}"


def test_the_data_set_that_steps_are_fitted_on_must_be_there():
    content = on(digits(steps=["standardize"], steps_fitted_on="training"))

    with pytest.raises(ConfigError, match="no dataset is called 'training'"):
        load_checked(content)
