"""Building blocks are read from files and schemas, without names of parts."""

from pathlib import Path

import pytest

from benchmarks.methods.blocks import HEADINGS, blocks_of
from benchmarks.methods.files import ROOT
from dcrf.config import load_checked
from dcrf.schema.registry import DESIGN_PATTERNS
from tests.cases.methods import ENCODER, adam, linear, method, only_pretraining


def blocks(**changes):
    found = blocks_of(load_checked(method(**changes)))
    assert list(found) == list(HEADINGS)
    return found


def phases(*patterns, order=0, **others):
    """A phase that trains the encoder with patterns."""
    return {
        "name": f"phase_{order}",
        "order": order,
        "exit_criteria": {"iterations": 2},
        "design_patterns": [*patterns],
        "optimizers": [adam("encoder", "decoder")],
        **others,
    }


RECONSTRUCTION = {"pattern": "reconstruction", "encoder_name": "encoder", "decoder_name": "decoder"}
ENTROPY = {"pattern": "assignment_entropy"}


def with_phases(*entries):
    strategy = method()["cluster_assignment_strategy"]
    names = [entry["name"] for entry in entries]
    return blocks(
        phases=list(entries),
        cluster_assignment_strategy={
            **strategy,
            "centroid_recalculation_strategy": "fixed_centroids",
            "use_centroids_during_phases": names[-1:],
        },
    )


def test_dec_has_the_blocks_of_the_taxonomy():
    assert blocks() == {
        "architecture": ("MLP",),
        "features": ("one layer",),
        "non_clustering_loss": ("autoencoder reconstruction",),
        "clustering_loss": ("cluster assignment hardening", "balanced assignments"),
        "combination": ("pretraining, then clustering alone",),
        "updates": ("joint",),
        "after_training": (),
    }


def test_losses_in_one_phase_are_joint():
    assert with_phases(phases(RECONSTRUCTION, ENTROPY))["combination"] == ("joint",)


def test_equal_phases_in_a_row_are_one_step():
    pretraining = [phases(RECONSTRUCTION, order=order) for order in (1, 2)]
    combination = with_phases(*pretraining, phases(RECONSTRUCTION, ENTROPY, order=3))["combination"]

    assert combination == ("pretraining, then joint",)


def test_scheduled_weights_are_named():
    weight = {"schedule": "linear", "from": 0.0, "to": 1.0, "end_iteration": 2}
    entropy = {**ENTROPY, "loss_weight": weight}

    assert with_phases(phases(RECONSTRUCTION, entropy))["combination"] == (
        "joint",
        "scheduled weights",
    )


def test_fixed_centroids_are_not_updated():
    assert with_phases(phases(RECONSTRUCTION, ENTROPY))["updates"] == ()


def test_recalculated_centroids_alternate_with_training():
    strategy = {
        **method()["cluster_assignment_strategy"],
        "centroid_recalculation_strategy": "classical_clustering",
        "centroid_recalculation_interval": 2,
    }
    content = method()["phases"]
    content[1]["optimizers"] = [adam("encoder")]

    updates = blocks(cluster_assignment_strategy=strategy, phases=content)["updates"]

    assert updates == ("alternating",)


def test_a_pattern_that_moves_centroids_alternates_with_training():
    patterns = [RECONSTRUCTION, {"pattern": "running_mean_centroids"}]
    strategy = method()["cluster_assignment_strategy"] | {
        "use_centroids_during_phases": ["phase_0"]
    }
    updates = blocks(phases=[phases(*patterns)], cluster_assignment_strategy=strategy)["updates"]

    assert updates == ("alternating", "running_mean_centroids")


def test_clusterings_of_the_features_come_after_training():
    reclusterings = [{"name": "again", "clustering": "agglomerative"}]
    found = blocks(**only_pretraining(ENCODER), reclusterings=reclusterings)

    assert found["after_training"] == ("k_means", "again agglomerative")
    assert (found["combination"], found["updates"]) == ((), ())


@pytest.mark.parametrize(
    ("layers", "architecture"),
    [
        ([{"type": "Flatten"}], ()),
        ([{"type": "Conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": 3}], ("CNN",)),
        (
            [
                {
                    "type": "Sequential",
                    "positional_arguments": [
                        {"type": "Conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": 3}
                    ],
                }
            ],
            ("CNN",),
        ),
    ],
)
def test_the_architecture_is_that_of_the_layers(layers, architecture):
    mapping = {"type": "feature_extractor", "name": "encoder", "layers": [*layers]}

    assert blocks(**only_pretraining(mapping))["architecture"] == architecture


def test_prior_mappings_belong_to_the_architecture():
    convolution = {
        **linear("convolution", role="feature_extractor"),
        "layers": [
            {"type": "Conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 8},
            {"type": "Flatten"},
        ],
    }
    head = linear("head", 1, 3, role="feature_extractor", prior_mapping_name="convolution")
    changes = only_pretraining(head, convolution)

    assert blocks(**changes)["architecture"] == ("CNN",)


def test_several_layers_are_counted():
    layers = [{**layer, "name": f"layer_{i}"} for i, layer in enumerate(ENCODER["layers"])]
    changes = only_pretraining({**ENCODER, "layers": layers})
    changes["cluster_assignment_strategy"]["features"] = {
        "mapping_name": "encoder",
        "layer_names": ["layer_1", "layer_3"],
    }

    assert blocks(**changes)["features"] == ("2 layers",)


def test_annotations_name_blocks():
    annotated = [s["x-building-block"] for s in DESIGN_PATTERNS.schemas.values() if _has(s)]

    assert annotated
    for entry in annotated:
        assert entry.keys() <= HEADINGS.keys()
        assert all(isinstance(name, str) and name for name in entry.values())


def _has(schema):
    return "x-building-block" in schema


def test_no_pattern_is_known_by_name():
    source = Path(ROOT / "benchmarks" / "methods" / "blocks.py").read_text()

    assert [stem for stem in DESIGN_PATTERNS.schemas if f'"{stem}"' in source] == []
