"""What must not change when something else does: random streams, labels, files of earlier runs."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from tests.cases.methods import ENCODER, VIEW, adam, contents, final, linear, method, records


def named(mapping, *names):
    """The mapping with names for its layers."""
    mapping = deepcopy(mapping)
    for layer, name in zip(mapping["layers"], names, strict=True):
        layer["name"] = name
    return mapping


AFTERWARDS = {
    "type": "classical_clustering_in_feature_space_after_phase",
    "classical_clustering_in_feature_space_after_phase": "pretraining",
}
LAYER_WISE = {
    "pattern": "layer_wise_pretraining",
    "encoder_name": "encoder",
    "decoder_name": "decoder",
    "dropout_rate": 0.5,
    "loss_report_interval": 1,
    "encoder_decoder_layer_pairs": [
        {
            "encoder_layer_names": ["flatten", "outer", "activation"],
            "decoder_layer_names": ["outer", "shape"],
            "train_for_iterations": 2,
        },
        {
            "encoder_layer_names": ["inner"],
            "decoder_layer_names": ["inner"],
            "train_for_iterations": 2,
        },
    ],
}
INTERPOLATION = {
    "pattern": "adversarial_interpolation",
    "encoder_name": "encoder",
    "decoder_name": "decoder",
    "critic_name": "critic",
    "autoencoder_loss_optimizer_group_name": "default",
    "critic_loss_optimizer_group_name": "critics",
    "loss_report_interval": 1,
}


def random_patterns(*patterns):
    """A method of one phase with these patterns, whose mappings suit them all."""
    decoder = {
        "type": "design_pattern_specific",
        "name": "decoder",
        "layers": [
            {"type": "Linear", "in_features": 5, "out_features": 16, "name": "inner"},
            {"type": "Linear", "in_features": 16, "out_features": 64, "name": "outer"},
            {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 8, 8], "name": "shape"},
        ],
    }
    critic = linear("critic", 64, 1)
    critic["layers"].insert(0, {"type": "Flatten"})
    encoder = named(ENCODER, "flatten", "outer", "activation", "inner")
    content = method(mappings=[encoder, decoder, critic], cluster_assignment_strategy=AFTERWARDS)
    content["phases"] = [
        {
            "name": "pretraining",
            "order": 1,
            "exit_criteria": {"iterations": 2},
            "design_patterns": list(patterns),
            "optimizers": [
                adam("encoder", "decoder"),
                adam("critic", name="critics", group_name="critics"),
            ],
        }
    ]
    return content


def losses(folder):
    return [record for record in records(folder) if record["kind"] == "losses"]


def first_losses(folder, pattern):
    (found,) = (record["losses"] for record in losses(folder) if record["iteration"] == 1)
    return {name: value for name, value in found.items() if name.startswith(pattern)}


@pytest.mark.parametrize("pattern", [LAYER_WISE, INTERPOLATION], ids=lambda p: p["pattern"])
def test_another_random_pattern_in_the_phase_leaves_the_draws_of_a_pattern_alone(run, pattern):
    (other,) = (p for p in (LAYER_WISE, INTERPOLATION) if p is not pattern)

    alone, second, other_seed = (
        first_losses(run(random_patterns(*patterns), "--seed", seed), pattern["pattern"])
        for patterns, seed in (([pattern], "0"), ([other, pattern], "0"), ([pattern], "1"))
    )

    assert alone
    assert alone == second != other_seed


def test_labels_decide_nothing_but_scores(run, tmp_path):
    random = np.random.default_rng(0)
    samples = random.random((60, 1, 8, 8), dtype=np.float32)
    labels = np.arange(60) % 3
    data = {
        "source": "npz",
        "dataset": "mine",
        "path": "data.npz",
        "batch_size": 20,
        "num_clusters": 3,
        "shuffle": True,
        "batch_augmentations": [{"name": "view", "transforms": [VIEW]}],
    }
    folders = []
    for found in (labels, random.permutation(labels)):
        np.savez(tmp_path / "data.npz", samples=samples, labels=found)
        folders.append(run(method(datasets=[data])))

    first, second = folders
    ours, theirs = contents(first), contents(second)
    assert losses(first) == losses(second)
    parameters = {name for name in ours if name.endswith(".safetensors")}
    assert len(parameters) == 3
    assert all(ours[name] == theirs[name] for name in parameters)
    assert final(first)["cluster_sizes"] == final(second)["cluster_sizes"]
    assert final(first)["nmi"] != final(second)["nmi"]


def test_a_later_phase_loads_what_this_run_has_kept_apart(run, tmp_path):
    content = method(cluster_assignment_strategy=AFTERWARDS)
    pretraining = content["phases"][0]
    kept = {"mapping_name": "encoder", "path_to_file_or_dir": "kept.pth", "keep_old_files": True}
    loaded = {"mapping_name": "encoder", "path_to_file": "kept.pth"}
    content["phases"] = [
        {**pretraining, "save_mapping_parameters": [kept]},
        {**pretraining, "name": "more", "order": 2},
        {
            "name": "back",
            "order": 3,
            "exit_criteria": {"iterations": 1},
            "load_mapping_parameters": [loaded],
        },
    ]

    ends = [encoder(run(content, "--seed", seed)) for seed in ("0", "1")]

    files = [tmp_path / name for name in ("kept.pth", "kept_2.pth")]
    saved = [torch.load(file, weights_only=True) for file in files]
    assert same(ends[0], saved[0])
    assert same(ends[1], saved[1])
    assert not same(saved[0], saved[1])


def encoder(folder):
    (file,) = folder.glob("parameters/*_encoder.safetensors")
    return torch.load(file, weights_only=True)


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one | other)
