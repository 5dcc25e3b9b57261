"""The parts of a phase of a configuration: networks, centroids, optimizers, batches."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.optim import Optimizer

from benchmarks.straightforward.images import (
    Batch,
    Images,
    Views,
    as_tensor,
    build_view,
    endless_batches,
    read_images,
)

Entry = dict[str, Any]

VIEW_KEY = "batch_augmentation_name"  # of patterns with two views with _1 and _2 behind it


class Parts:
    """The parts of one phase of a configuration.

    Args:
        file: the configuration.
        phase: the name of the phase.
        images: used instead of the configuration's data set.
        centroids: (k, d), used instead of the phase's initialization.

    name: the configuration's.
    patterns: the entries of the phase's design patterns.
    strategy: the entry of the cluster assignment strategy.
    networks: by their names.
    centroids: (k, d), or (0,) in a phase without centroids.
    """

    def __init__(
        self, file: Path, phase: str, images: Images | None = None, centroids: Tensor | None = None
    ) -> None:
        content = json.loads(file.read_text())
        datasets, phases = content["datasets"], content["phases"]
        self.name: str = content["name"]
        self.dataset: Entry = next(d for d in datasets if phase in d.get("phases", [phase]))
        self.phase: Entry = next(entry for entry in phases if entry["name"] == phase)
        self.patterns: list[Entry] = self.phase.get("design_patterns", [])
        self.strategy: Entry = content["cluster_assignment_strategy"]
        self.images = read_images(self.dataset, file.parent) if images is None else images
        self.layers = {entry["name"]: entry["layers"] for entry in content["mappings"]}
        self.networks = {entry["name"]: build_network(entry) for entry in content["mappings"]}
        has_centroids = phase in self.strategy.get("use_centroids_during_phases", [])
        if centroids is None:
            centroids = self._first_centroids() if has_centroids else torch.empty(0)
        self.centroids = nn.Parameter(centroids.clone())

    def part_of(self, network: str, names: list[str]) -> nn.Sequential:
        """Return some layers of a network, in the order of their names."""
        entries = zip(self.layers[network], self.networks[network], strict=True)
        layers = {entry["name"]: layer for entry, layer in entries}
        return nn.Sequential(*(layers[name] for name in names))

    def optimizers(self) -> Iterator[tuple[str, Optimizer]]:
        """Yield the optimizers, each after the group of losses that it minimizes."""
        for entry in self.phase["optimizers"]:
            names = [*entry.get("trained_mapping_names", ()), *entry.get("trained_parts", ())]
            trained = nn.ModuleList(self.networks[name] for name in names if name != "centroids")
            has_centroids = entry.get("optimizes_centroids") or "centroids" in names
            own = [self.centroids] if has_centroids else []
            numbers = {key: entry[key] for key in ("lr", "momentum") if key in entry}
            optimizer = getattr(torch.optim, entry["type"])(
                [*trained.parameters(), *own], **numbers
            )
            yield entry.get("group_name", "default"), optimizer

    def batches(self) -> Iterator[Batch]:
        """Return endless batches with the views that the phase uses."""
        augmentations = self.dataset.get("batch_augmentations", [])
        entries = {"plain": [], **{view["name"]: view["transforms"] for view in augmentations}}
        wanted = [
            [value for key, value in pattern.items() if key.startswith(VIEW_KEY)] or ["plain"]
            for pattern in self.patterns
        ]
        views = {name: build_view(entries[name]) for names in wanted for name in names}
        shuffle = self.dataset.get("shuffle", False)
        return endless_batches(Views(self.images, views), self.dataset["batch_size"], shuffle)

    def _first_centroids(self) -> Tensor:
        encoder, n_clusters = self.networks["encoder"], self.dataset["num_clusters"]
        is_noise = self.strategy["centroid_initialization_strategy"] == "random_uniform_noise"
        with torch.no_grad():
            features = encoder(as_tensor(self.images[:1] if is_noise else self.images))
        if is_noise:
            return torch.rand(n_clusters, features.shape[1]) * 2 - 1
        restarts = self.strategy.get(
            "centroid_initialization_classical_clustering_num_restarts", 20
        )
        k_means = KMeans(n_clusters, n_init=restarts, random_state=0).fit(features.numpy())
        return torch.from_numpy(k_means.cluster_centers_)


def build_network(mapping: Entry) -> nn.Sequential:
    """Build and initialize the layers of a mapping."""
    layers = [_layer(**entry) for entry in mapping["layers"]]
    entries = zip(mapping["layers"], layers, strict=True)
    named = {entry["name"]: layer for entry, layer in entries if "name" in entry}
    for entry in mapping.get("layer_initialization", []):
        for name in entry["layer_names"]:
            getattr(nn.init, entry["type"])(getattr(named[name], entry["weight_type"]))
    return nn.Sequential(*layers)


def _layer(type: str, name: str = "", **options: Any) -> nn.Module:  # noqa: A002 - the file's key
    return getattr(nn, type)(**options)
