"""A decoder that is written out by `mirror_of` trains as the hand-written one of shipped files."""

import json
from copy import deepcopy

import pytest

from dcrf.cli.find_files import ROOT
from dcrf.config import load_checked
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from tests.cases.methods import fake_mnist

FILES = {
    "quickstart/quickstart.json": [1, 8, 8],
    "deep_k_means/deep_k_means_mnist.json": [1, 28, 28],
}
"""Shipped file -> the shape of its samples."""
NAMES = {f"decoder_linear_{number}": f"encoder_linear_{5 - number}" for number in range(1, 5)}
"""Hand-written layers of a decoder -> the layers that mirrored ones are named after."""


def shipped(file, root):
    """A shipped method on small data, with few restarts."""
    content = json.loads((ROOT / "configurations" / file).read_text())
    for dataset in content["datasets"]:
        if "root" in dataset:
            dataset["root"] = str(root)
    restarts = "centroid_initialization_classical_clustering_num_restarts"
    content["cluster_assignment_strategy"][restarts] = 1
    return content


def mirrored(method, sample_shape):
    """The method, its decoder without layers; names of its layers are those of the encoder's."""
    method = deepcopy(method)
    (decoder,) = (mapping for mapping in method["mappings"] if mapping["name"] == "decoder")
    for entry in decoder.get("layer_initialization", ()):
        entry["layer_names"] = [NAMES[name] for name in entry["layer_names"]]
    del decoder["layers"]
    decoder |= {"mirror_of": "encoder", "sample_shape": sample_shape}
    return method


def losses(folder, method):
    """The lines that a short run of a method writes."""
    folder.mkdir()
    run_method(load_checked(method, max_iterations=5), 0, Output(folder))
    return next(folder.glob("*/*/metrics.jsonl")).read_bytes()


@pytest.mark.parametrize("file", FILES)
def test_losses_are_those_of_the_hand_written_decoder(file, tmp_path):
    method = shipped(file, fake_mnist(tmp_path / "data"))
    of_hand = losses(tmp_path / "hand", method)

    assert b"reconstruction" in of_hand
    assert losses(tmp_path / "mirror", mirrored(method, FILES[file])) == of_hand
