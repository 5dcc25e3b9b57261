"""Small methods that learn to cluster sets."""

from typing import Any

SHAPES = {
    "name": "shapes",
    "source": "2d_shapes",
    "num_objects": 12,
    "num_problems": 20,
    "num_clusters": 3,
    "batch_size": 10,
}
"""A data set of random points."""

UNSEEN = {
    **SHAPES,
    "name": "unseen",
    "order": 1,
    "phases": [],
    "reinitialize_mappings": False,
    "num_problems": 15,
}
"""The same for evaluations only."""

DIGITS = {
    "name": "digits",
    "source": "sklearn",
    "dataset": "load_digits",
    "class_problems": {"classes": [0, 1, 2, 3], "num_objects": 9, "num_problems": 20},
    "num_clusters": 3,
    "batch_size": 10,
}
"""Problems of images."""


def mapping(name: str, *layers: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Return a mapping on sets."""
    kind = "feature_extractor" if name == "objects" else "design_pattern_specific"
    return {"type": kind, "name": name, "layers": list(layers), **others}


def set_method(*first_layers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a method on sets of points; `first_layers` replace the embedding of an object."""
    embed = first_layers or ({"type": "Linear", "in_features": 2, "out_features": 8},)
    attend = {
        "type": "residual",
        "layers": [{"type": "set_attention", "embed_dim": 8, "num_heads": 2}],
    }
    pooled = [{"type": "pool_objects"}, {"type": "Linear", "in_features": 8, "out_features": 3}]
    index = {"type": "Linear", "in_features": 8, "out_features": 6}
    return {
        "name": "sets",
        "mappings": [
            mapping("objects", *embed, attend),
            mapping("count", *pooled, prior_mapping_name="objects"),
            mapping("index", index, prior_mapping_name="objects"),
        ],
        "cluster_assignment_strategy": {
            "type": "set_partition",
            "count_name": "count",
            "index_name": "index",
        },
        "phases": [
            {
                "name": "training",
                "order": 1,
                "exit_criteria": {"iterations": 6},
                "performance_evaluation_interval": 3,
                "design_patterns": [
                    {"pattern": "co_membership", "loss_weight": 5},
                    {"pattern": "cluster_count"},
                    {"pattern": "group_center", "encoder_name": "objects", "loss_weight": 0.5},
                ],
                "optimizers": [
                    {"type": "Adam", "lr": 0.01, "trained_parts": ["objects", "count", "index"]}
                ],
            }
        ],
        "datasets": [SHAPES],
        **changes,
    }


ON_DIGITS = (
    {
        "type": "each_object",
        "layers": [
            {"type": "Flatten"},
            {"type": "Linear", "in_features": 64, "out_features": 8},
            {"type": "BatchNorm1d", "num_features": 8},
        ],
    },
)
"""Layers that embed the images of `DIGITS`."""
