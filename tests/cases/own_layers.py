"""The layers of our own in small mappings: one case each."""

import json
from pathlib import Path

from dcrf.builder.method import build_mappings
from dcrf.config import load_checked
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams
from tests.cases.methods import method, only_pretraining

FOLDER = Path(__file__).parent / "layers"
CASES = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
"""Stem -> `layers` of a mapping that has the layer, and `sample_shape` of its input."""


def extractor(layers, name="encoder", **others):
    return {"type": "feature_extractor", "name": name, "layers": layers, **others}


def build(*mappings, seed=0, **changes) -> dict[str, TrainableMapping]:
    """Build mappings as a run does, in training mode."""
    config = load_checked(method(**only_pretraining(*mappings), **changes))
    return build_mappings(config, RandomStreams(seed))


def build_case(stem, **changes) -> TrainableMapping:
    return build(extractor(CASES[stem]["layers"]), **changes)["encoder"]


def entry_of(stem):
    """The entry of the layer itself in its case."""
    (entry,) = (layer for layer in CASES[stem]["layers"] if layer["type"] == stem)
    return json.loads(json.dumps(entry))
