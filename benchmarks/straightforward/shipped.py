"""Build a phase of a shipped configuration, ready to train.

Layers and numbers come from the file. The losses of each phase are written here: its design
patterns are unpacked in the order of the file, so a file of another form is an error.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor, nn

from benchmarks.straightforward.images import Images, as_tensor
from benchmarks.straightforward.methods import (
    Autoencoder,
    Clustering,
    DeepKMeans,
    Hybrid,
    Interpolation,
    LayerWise,
)
from benchmarks.straightforward.parts import VIEW_KEY, Entry, Parts
from benchmarks.straightforward.training import Method, Straightforward

Weights = dict[str, float]
"""Loss -> weight."""

Built = tuple[Method, dict[str, Weights]]
"""A method, and the weights of its losses by optimizer group."""


def straightforward(
    file: Path, phase: str, images: Images | None = None, centroids: Tensor | None = None
) -> Straightforward:
    """Build a phase of a shipped configuration.

    Args:
        file: the configuration.
        phase: the name of the phase.
        images: used instead of the configuration's data set.
        centroids: (k, d), used instead of the phase's initialization.

    Raises:
        KeyError: the file is not a shipped one, or the phase trains nothing.
    """
    parts = Parts(file, phase, images, centroids)
    method, weights = PHASES[parts.name, phase](parts)
    optimizers = [(optimizer, weights[group]) for group, optimizer in parts.optimizers()]
    return Straightforward(parts.networks, parts.centroids, method, optimizers, parts.batches())


def _reconstruction(parts: Parts) -> Built:
    (pattern,) = parts.patterns
    return _autoencoder(parts, pattern.get(VIEW_KEY, "plain")), _weights(reconstruction=pattern)


def _hybrid(parts: Parts) -> Built:
    instances, clusters, target, entropy_1, entropy_2 = parts.patterns
    project = nn.Sequential(parts.networks["encoder"], parts.networks["contrastive_head"])
    clustering = _clustering(parts, clusters, target)
    weights = _weights(
        instance_contrast=instances,
        cluster_contrast=clusters,
        divergence=target,
        entropy_1=entropy_1,
        entropy_2=entropy_2,
    )
    return Hybrid(clustering, project, instances["temperature_parameter"]), weights


def _quickstart(parts: Parts) -> Built:
    target, clusters, entropy_1, entropy_2 = parts.patterns
    weights = _weights(
        divergence=target, cluster_contrast=clusters, entropy_1=entropy_1, entropy_2=entropy_2
    )
    return _clustering(parts, clusters, target), weights


def _deep_k_means(parts: Parts) -> Built:
    reconstruction, k_means = parts.patterns
    annealing = parts.strategy["gaussian_similarity_measure_inverse_temperature"]
    method = DeepKMeans(
        _autoencoder(parts),
        parts.centroids,
        initial=annealing["annealing_initial_value"],
        final=annealing["annealing_final_value"],
        each=annealing["annealing_iterations_per_value"],
    )
    return method, _weights(reconstruction=reconstruction, k_means=k_means)


def _interpolation(parts: Parts) -> Built:
    _, adversarial = parts.patterns
    share = adversarial["critic_regularizing_hyperparameter"]
    weight = adversarial["autoencoder_loss_weight"]
    weights = {
        "autoencoder": {"reconstruction": 1.0, "interpolation": weight},
        "critic": {"critic": 1.0},
    }
    return Interpolation(_autoencoder(parts), parts.networks["critic"], share), weights


def _layer_wise(parts: Parts) -> Built:
    (pattern,) = parts.patterns
    stages = [
        (
            parts.part_of("encoder", pair["encoder_layer_names"]),
            parts.part_of("decoder", pair["decoder_layer_names"]),
            pair["train_for_iterations"],
        )
        for pair in pattern["encoder_decoder_layer_pairs"]
    ]
    return LayerWise(stages, nn.Dropout(pattern["dropout_rate"])), _weights(reconstruction=pattern)


def _autoencoder(parts: Parts, view: str = "plain") -> Autoencoder:
    return Autoencoder(parts.networks["encoder"], parts.networks["decoder"], view)


def _clustering(parts: Parts, clusters: Entry, target: Entry) -> Clustering:
    return Clustering(
        parts.networks["encoder"],
        parts.centroids,
        as_tensor(parts.images),
        interval=target["target_distribution_recalculation_interval"],
        temperature=clusters.get("temperature_parameter", 1.0),
        assigned_view=target.get(VIEW_KEY, "plain"),
    )


def _weights(**patterns: Entry) -> dict[str, Weights]:
    return {"default": {name: entry.get("loss_weight", 1.0) for name, entry in patterns.items()}}


PHASES: Mapping[tuple[str, str], Callable[[Parts], Built]] = {
    ("dec_cc_hybrid_mnist", "pretraining"): _reconstruction,
    ("dec_cc_hybrid_mnist", "finetuning"): _hybrid,
    ("dec_cc_hybrid_fashion_mnist", "pretraining"): _reconstruction,
    ("dec_cc_hybrid_fashion_mnist", "finetuning"): _hybrid,
    ("quickstart", "pretraining"): _reconstruction,
    ("quickstart", "finetuning"): _quickstart,
    ("deep_k_means_mnist", "training"): _deep_k_means,
    ("adversarial_interpolation_pretraining_mnist", "pretraining"): _interpolation,
    ("layer_wise_pretraining_mnist", "pretraining"): _layer_wise,
}
"""The phases that train something, by configuration."""
