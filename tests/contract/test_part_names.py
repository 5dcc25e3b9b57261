"""Generic modules contain no name of a part and no key that only one part has.

If the trainer, the dry run or a rule must know something about a part, it asks the part or reads an
annotation of its schema.
"""

import ast
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import dcrf
from dcrf.schema.registry import BLOCKS, KINDS, LAYERS, SCHEMA, TRANSFORMS
from tests.cases.each import for_each

PACKAGE = Path(dcrf.__file__).parent
ROOMS = (
    *(r.package.removeprefix("dcrf.").replace(".", "/") for r in KINDS.values()),
    *("functional", "data/sources", "data/transforms/own", "mappings/layers", "config/blocks"),
)
GENERIC = sorted(
    file
    for file in PACKAGE.rglob("*.py")
    if not file.relative_to(PACKAGE).as_posix().startswith(ROOMS)
)

WORDS = {
    "classifier",
    "in_order",
    "shuffled",
    "reconstruction",
    "torchvision",
    "sklearn",
    "Linear",
    "Conv",
    "random",
    "step",
}
"""Stems that are also roles of mappings, formulas, packages, layers or keys."""

LEFT: dict[str, dict[str, str]] = {
    "cli/table.py": {"csv": "a format of the table", "text": "a format of the table"},
    "recombination/first_phase.py": {
        "classical_clustering_in_feature_space_after_phase": "the strategy of a phase alone",
        "classical_clustering_method_after_phase": "its key",
    },
    "report/projection_names.py": {
        "pca": "the word of a flag for a projection, not the step",
        "t_sne": "the same",
        "umap": "the same",
    },
    "report/projections.py": {"umap": "the package and the extra, not the step"},
    "runs/clustered_spaces.py": {
        "k_means": "the baseline that tables compare with",
        "pca": "the step of a baseline",
    },
    "runs/compare_runs.py": {"pca": "the word of a flag for a space, not the step"},
    "selection/number_of_clusters.py": {
        "KMeans": "that of scikit-learn, not the part",
        "dip_merging": "the formula, not the pattern",
    },
}
"""Generic module -> name of a part that it still contains -> reason."""


def keys(schema) -> Iterator[str]:
    """The keys that a schema itself describes, at any depth; referenced ones are shared."""
    for key, value in schema.get("properties", {}).items():
        if "$ref" not in value:
            yield key
            yield from keys(value)
    yield from keys(schema["items"]) if "items" in schema else ()


@cache
def part_names() -> dict[str, str]:
    """Name -> the part that it belongs to."""
    schemas = [
        (stem, schema) for registry in KINDS.values() for stem, schema in registry.schemas.items()
    ]
    shared = {*json.loads((SCHEMA / "shared.json").read_text())["$defs"]}
    shared |= {registry.key for registry in KINDS.values()}
    owners = Counter(key for _, schema in schemas for key in {*keys(schema), *schema["properties"]})
    own = {
        key: stem
        for stem, schema in schemas
        for key in keys(schema)
        if owners[key] == 1 and key not in shared and "_" in key
    }
    phrases = {name: stem for registry in KINDS.values() for name, stem in registry.stems.items()}
    stems = {*phrases.values(), *LAYERS.stems, *BLOCKS.stems, *TRANSFORMS.stems}
    classes = {"".join(map(str.capitalize, stem.split("_"))): stem for stem in stems}
    names = {**own, **phrases, **{stem: stem for stem in stems}, **classes}
    return {name: part for name, part in names.items() if name not in WORDS}


def names_in(file: Path) -> Iterator[str]:
    """Every string literal, identifier and attribute name of a module."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                yield name
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ImportFrom(module=str(module)):
                yield from module.split(".")


def parts_in(file: Path) -> set[str]:
    """Names of parts in a module. A single lower-case word counts as a literal only."""
    nodes = ast.walk(ast.parse(file.read_text()))
    literals = {node.value for node in nodes if isinstance(node, ast.Constant)}
    known = part_names().keys()
    words = {name for name in known if name.islower() and "_" not in name}
    return ({*names_in(file)} & known - words) | (literals & words)


def test_names_of_every_kind_are_looked_for():
    assert {"target_distribution", "TargetDistribution", "dropout_rate", "k_means"} <= {
        *part_names()
    }
    assert part_names()["encoder_decoder_layer_pairs"] == "layer_wise_pretraining"
    assert not {"loss_weight", "encoder_name", "classifier_name"} & part_names().keys()


@for_each(GENERIC)
def test_a_generic_module_knows_no_part(file):
    left = LEFT.get(file.relative_to(PACKAGE).as_posix(), {})

    assert parts_in(file) == {*left}
    assert all(left.values())


def test_what_is_left_lies_in_generic_modules():
    assert {PACKAGE / name for name in LEFT} <= {*GENERIC}
