"""Put a checked and filled method into the words of the framework."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcrf.config import model, routes
from dcrf.config.assemble_phase import phase_config
from dcrf.config.entries import in_order
from dcrf.config.schemas import Node, Nodes
from dcrf.registry import STRATEGIES

_LAST_OF_ALL = -1  # what the earlier framework took for the end


def method_config(source: Path, nodes: Nodes, notes: tuple[str, ...]) -> model.MethodConfig:
    """Return the configuration that valid data stand for.

    Args:
        source: the file.
        nodes: everything in it, checked, with every default filled in.
        notes: what a person should know about its keys.
    """
    data = nodes["$"].value
    phases = tuple(phase_config(nodes[path], nodes) for path, _ in in_order(data, "phases"))
    names = tuple(phase.name for phase in phases)
    datasets = in_order(data, "datasets")
    strategy = nodes["$.cluster_assignment_strategy"]
    return model.MethodConfig(
        source=source,
        name=data["name"],
        device=data["device"],
        seed=data.get("seed"),
        precision=data["precision"],
        mappings=tuple(_mapping(node) for node in nodes["$.mappings"].children()),
        phases=phases,
        datasets=tuple(_dataset(nodes[path], names) for path, _ in datasets),
        strategy=_strategy(strategy),
        centroids=_centroids(strategy, names),
        filled=data,
        notes=(*notes, *routes.notes(phases)),
    )


def _mapping(node: Node) -> model.MappingConfig:
    entry = node.value
    return model.MappingConfig(
        path=node.path,
        type=entry["type"],
        name=entry["name"],
        layers=tuple(entry["layers"]),
        layer_initialization=tuple(entry["layer_initialization"]),
        pre_processing_functions=tuple(entry["pre_processing_functions"]),
        post_processing_functions=tuple(entry["post_processing_functions"]),
        associated_feature_extractor_name=entry.get("associated_feature_extractor_name"),
        softmax_layer_name=entry.get("softmax_layer_name"),
        prior_mapping_name=entry.get("prior_mapping_name"),
    )


def _dataset(node: Node, phases: tuple[str, ...]) -> model.DatasetConfig:
    entry = node.value
    transforms, last = entry.get("transforms"), entry.get("index_of_last_sample_to_use")
    return model.DatasetConfig(
        path=node.path,
        name=entry["name"],
        dataset=entry["dataset"],
        source=entry["source"],
        phases=tuple(name for name in phases if name in entry["phases"]),
        batch_size=entry["batch_size"],
        num_clusters=entry["num_clusters"],
        transforms=None if transforms is None else tuple(transforms),
        batch_augmentations={
            view["name"]: tuple(view["transforms"]) for view in entry["batch_augmentations"]
        },
        reinitialize_mappings=entry["reinitialize_mappings"],
        shuffle=entry["shuffle"],
        drop_last=entry["drop_last"],
        pin_memory=entry["pin_memory"],
        num_workers=entry["num_workers"],
        first=entry.get("index_of_first_sample_to_use"),
        last=None if last == _LAST_OF_ALL else last,
        parts=tuple(entry.get("parts", ())),
        options=node.arguments,
    )


def _strategy(node: Node) -> model.StrategyConfig:
    return model.StrategyConfig(node.path, STRATEGIES.stems[node.value["type"]], node.arguments)


def _centroids(node: Node, phases: tuple[str, ...]) -> model.CentroidsConfig | None:
    entry: Mapping[str, Any] = node.value
    if "centroid_initialization_strategy" not in entry:
        return None
    loads = entry["centroid_initialization_strategy"] == "load_from_file"
    recalculates = entry["centroid_recalculation_strategy"] == "classical_clustering"
    return model.CentroidsConfig(
        path=node.path,
        feature_extractor_name=entry["associated_feature_extractor_name"],
        phases=tuple(name for name in phases if name in entry["use_centroids_during_phases"]),
        initialization=entry["centroid_initialization_strategy"],
        initialization_num_restarts=entry[
            "centroid_initialization_classical_clustering_num_restarts"
        ],
        file=Path(entry["centroid_file_path"]) if loads else None,
        recalculation=entry["centroid_recalculation_strategy"],
        recalculation_num_restarts=entry[
            "centroid_recalculation_classical_clustering_num_restarts"
        ],
        recalculation_interval=entry["centroid_recalculation_interval"] if recalculates else None,
    )
