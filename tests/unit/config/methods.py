"""Small valid methods, as data, for tests to break."""

import json
from pathlib import Path
from typing import Any

import pytest

from dcrf.config import MethodConfig, load_checked
from dcrf.errors import ConfigError, Problem


def dec() -> dict[str, Any]:
    """A method with centroids: pretraining by reconstruction, then DEC's clustering."""
    return {
        "name": "small dec",
        "mappings": [
            {
                "type": "feature_extractor",
                "name": "encoder",
                "layers": [
                    {"type": "Flatten"},
                    {"type": "Linear", "name": "hidden", "in_features": 64, "out_features": 8},
                    {"type": "Sequential", "positional_arguments": [{"type": "ReLU"}]},
                    {"type": "Linear", "name": "code", "positional_arguments": [8, 4]},
                ],
                "layer_initialization": [
                    {
                        "type": "normal",
                        "layer_names": ["hidden", "code"],
                        "weight_type": "weight",
                        "std": 0.01,
                    }
                ],
                "post_processing_functions": [
                    {"function_name": "normalize", "input_argument_name": "input", "dim": 1}
                ],
            },
            {
                "type": "design_pattern_specific",
                "name": "decoder",
                "layers": [{"type": "Linear", "name": "out", "in_features": 4, "out_features": 64}],
            },
        ],
        "cluster_assignment_strategy": {
            "type": "feature_representation_centroid_similarity",
            "similarity_measure": "student_t",
            "centroid_initialization_strategy": "classical_clustering",
            "centroid_recalculation_strategy": "recalculation_by_design_pattern",
            "use_centroids_during_phases": ["finetuning"],
        },
        "datasets": [
            {
                "dataset": "load_digits",
                "source": "sklearn",
                "batch_size": 16,
                "num_clusters": 10,
                "batch_augmentations": [
                    {
                        "name": "flipped",
                        "transforms": [
                            {
                                "type": "RandomApply",
                                "transforms": [{"type": "RandomHorizontalFlip", "p": 0.5}],
                            }
                        ],
                    }
                ],
            }
        ],
        "phases": [
            {
                "name": "pretraining",
                "order": 1,
                "exit_criteria": {"iterations": 10},
                "design_patterns": [
                    {
                        "pattern": "reconstruction",
                        "encoder_name": "encoder",
                        "decoder_name": "decoder",
                        "batch_augmentation_name": "flipped",
                    }
                ],
                "optimizers": [
                    {"type": "Adam", "trained_mapping_names": ["encoder", "decoder"], "lr": 0.001}
                ],
                "save_mapping_parameters": [
                    {"mapping_name": "encoder", "path_to_file_or_dir": "parameters"}
                ],
            },
            {
                "name": "finetuning",
                "order": 2,
                "exit_criteria": {
                    "epochs": 3,
                    "performance_evaluation_cluster_reassignment_ratio_lt": 0.001,
                },
                "performance_evaluation_interval": 5,
                "design_patterns": [
                    {
                        "pattern": "target_distribution",
                        "target_distribution_recalculation_interval": 5,
                    }
                ],
                "optimizers": [
                    {
                        "type": "SGD",
                        "name": "main",
                        "trained_mapping_names": ["encoder"],
                        "optimizes_centroids": True,
                        "lr": 0.01,
                    }
                ],
                "optimizer_cycle": [{"active_optimizer_names": ["main"], "num_iterations": 5}],
                "optimizer_learning_rate_schedulers": [
                    {"type": "StepLR", "optimizer_name": "main", "step_size": 2}
                ],
                "save_centroids": {"path_to_file_or_dir": "centroids.pth", "saving_interval": 5},
            },
        ],
    }


def classifying() -> dict[str, Any]:
    """A method whose clusters come from a feature-space classifier."""
    method = dec()
    method["mappings"].append(
        {
            "type": "feature_space_classifier",
            "layers": [
                {"type": "Linear", "in_features": 4, "out_features": 10},
                {"type": "Softmax", "name": "softmax", "dim": 1},
            ],
            "softmax_layer_name": "softmax",
        }
    )
    method["cluster_assignment_strategy"] = {"type": "classifier"}
    method["phases"] = method["phases"][:1]
    return method


def write(folder: Path, data: Any, name: str = "method.json") -> Path:
    """Write data as a method file."""
    path = folder / name
    path.write_text(json.dumps(data, indent=1))
    return path


def load(folder: Path, data: Any) -> MethodConfig:
    """Load data as a method file."""
    return load_checked(write(folder, data))


def problems(folder: Path, data: Any) -> list[Problem]:
    """Return what is wrong with data as a method file."""
    with pytest.raises(ConfigError) as caught:
        load(folder, data)
    return list(caught.value.problems)


def problem(folder: Path, data: Any) -> Problem:
    """Return the only thing that is wrong with data as a method file."""
    (only,) = problems(folder, data)
    return only


REINFORCEMENT = {
    "pattern": "assignment_reinforcement",
    "loss_type": "l2",
    "sample_selection_criterion": "all_samples",
    "cluster_selection_criterion": "all_clusters",
    "sample_representation": "feature_representation",
    "cluster_representation": "centroid",
}
