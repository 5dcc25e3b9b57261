"""The contract of blocks of layers, checked for every block that a file may name."""

import json
from pathlib import Path

import pytest
import torch

from dcrf.config import load_checked
from dcrf.config.rules.torch_signatures import check_call
from dcrf.schema.allowed_names import BLOCKS, LAYERS
from dcrf.schema.generate import signature_of
from dcrf.schema.registry import SCHEMA
from tests.cases.methods import method, only_pretraining
from tests.cases.own_layers import build, extractor

TESTS = Path(__file__).parents[1]
CASES = {
    file.stem: json.loads(file.read_text()) for file in sorted(TESTS.glob("cases/blocks/*.json"))
}
DECODER = {"type": "design_pattern_specific", "name": "decoder", "mirror_of": "encoder"}

every_block = pytest.mark.parametrize("stem", BLOCKS)


def entry_of(stem):
    (entry,) = (layer for layer in CASES[stem]["layers"] if layer["type"] == stem)
    return entry


def layers_of(stem):
    (mapping,) = load_checked(method(**only_pretraining(extractor(CASES[stem]["layers"])))).mappings
    return mapping.layers


def test_every_block_has_a_case_and_a_unit_test():
    unit_tests = {f.stem.removeprefix("test_") for f in TESTS.glob("unit/config/blocks/test_*")}

    assert CASES.keys() == unit_tests == BLOCKS.keys()


def test_no_block_has_the_name_of_a_layer():
    assert not BLOCKS.keys() & LAYERS.keys()


@every_block
def test_a_block_has_the_name_of_its_class_and_describes_itself(stem):
    table = json.loads((SCHEMA / "names/layers.json").read_text())["names"]

    assert BLOCKS[stem].__name__ == "".join(map(str.capitalize, stem.split("_")))
    assert len(table[stem]["description"]) > 20


@every_block
def test_a_block_stands_for_layers_with_names_of_their_own(stem):
    layers = [layer for layer in layers_of(stem) if layer.get("name", "").startswith("block.")]
    names = [layer["name"] for layer in layers]

    assert len(names) == len(set(names)) > 0
    assert all(layer["type"] in LAYERS for layer in layers)


@every_block
def test_a_mirror_of_a_block_gives_the_shape_of_its_input(stem):
    shape = CASES[stem]["sample_shape"]
    decoder = {**DECODER, "sample_shape": shape}
    mappings = build(extractor(CASES[stem]["layers"]), decoder)
    samples = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))

    reconstructed = mappings["decoder"](mappings["encoder"](samples))

    assert reconstructed.shape == samples.shape
    assert reconstructed.isfinite().all()


@every_block
def test_layers_of_a_block_run_on_the_meta_device(stem):
    shape = CASES[stem]["sample_shape"]
    mapping = build(extractor(CASES[stem]["layers"]))["encoder"]

    on_meta = mapping.to("meta")(torch.zeros(3, *shape, device="meta"))

    assert len(on_meta) == 3


@every_block
def test_unknown_and_missing_arguments_of_a_block_are_problems(stem):
    arguments = {k: v for k, v in entry_of(stem).items() if k not in ("type", "name")}
    table = json.loads((SCHEMA / "names/layers.json").read_text())["names"][stem]

    assert check_call("layers", stem, arguments, "$") == []
    (problem,) = check_call("layers", stem, {**arguments, "no_such": 1}, "$")
    assert problem.path == "$.no_such"
    for name in table["required"]:
        rest = {key: value for key, value in arguments.items() if key != name}
        assert [p.path for p in check_call("layers", stem, rest, "$")] == ["$"]
    for name in table.get("choices", ()):
        (problem,) = check_call("layers", stem, {**arguments, name: "no_such"}, "$")
        assert problem.path == f"$.{name}"


@every_block
def test_the_arguments_of_a_block_are_typed_keywords(stem):
    for name, parameter in signature_of(BLOCKS[stem]).items():
        assert parameter.annotation is not parameter.empty, name
        assert parameter.kind is parameter.KEYWORD_ONLY, name
