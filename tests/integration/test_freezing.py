"""Frozen parts of a run keep their parameters."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from dcrf.config import load_checked
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from tests.cases.methods import ENCODER, adam, method, written

NORM = {"type": "BatchNorm1d", "num_features": 16, "name": "norm"}
LAYERS = [*ENCODER["layers"][:2], NORM, *ENCODER["layers"][2:]]
LAYERS[1] = {**LAYERS[1], "name": "hidden"}
SAVES = [
    {"part_name": part, "path_to_file_or_dir": f"{part}.safetensors", "saving_interval": 1}
    for part in ("encoder", "centroids")
]


def frozen(*names):
    """The saved parts after pretraining and after fine-tuning in which parts are frozen."""
    content = method(mappings=[{**ENCODER, "layers": LAYERS}, method()["mappings"][1]])
    first, second = content["phases"]
    first["save_parameters"] = [{**SAVES[0], "path_to_file_or_dir": "before.safetensors"}]
    optimizer = {**adam("encoder", weight_decay=0.1), "optimizes_centroids": True}
    second |= {"frozen_parts": list(names), "optimizers": [optimizer], "save_parameters": SAVES}
    return content


def run(folder, content):
    outcome = run_method(load_checked(Path(written(folder, content))), 0, Output(folder))
    assert outcome.status == "ok", outcome.error
    return [load_file(folder / f"{name}.safetensors") for name in ("before", "encoder")]


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("names", [["encoder"], ["encoder.hidden", "encoder.norm"], []])
def test_frozen_layers_keep_parameters_and_statistics(tmp_path, names):
    before, after = run(tmp_path, frozen(*names))

    moved = {name.split(".")[-2] for name in changed(before, after)}
    layers = {name.split(".")[-2] for name in before}
    kept = {"encoder": layers, "encoder.hidden": {"hidden"}, "encoder.norm": {"norm"}}
    assert len(layers) == 3
    assert moved == layers - set().union(*(kept[name] for name in names))
