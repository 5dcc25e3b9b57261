"""Put a checked and filled phase into the words of the framework."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcrf.config import model
from dcrf.config.entries import enabled
from dcrf.config.schemas import Node, Nodes
from dcrf.registry import DESIGN_PATTERNS

_INTERVAL = "performance_evaluation_interval"
_MARKS = ("x-weight-of", "x-group-of", "x-view-role")


def phase_config(node: Node, nodes: Nodes) -> model.PhaseConfig:
    """Return the configuration of a phase.

    Args:
        node: the phase, checked, with every default filled in.
        nodes: JSON path -> node of everything in the method.
    """
    entry = node.value
    patterns = [nodes[path] for path, _ in enabled(entry, "design_patterns", node.path)]
    schedulers = _items(node, nodes, "optimizer_learning_rate_schedulers")
    return model.PhaseConfig(
        path=node.path,
        name=entry["name"],
        exit_criteria=entry["exit_criteria"],
        performance_evaluation_interval=entry.get(_INTERVAL),
        design_patterns=tuple(map(_pattern, patterns)),
        optimizers=tuple(map(_optimizer, _items(node, nodes, "optimizers"))),
        optimizer_cycle=tuple(map(_cycle_step, entry["optimizer_cycle"])),
        schedulers=tuple(map(_scheduler, schedulers)),
        loads=tuple(map(_load, _items(node, nodes, "load_mapping_parameters"))),
        saves=tuple(map(_save, _saves(node, nodes))),
    )


def _items(node: Node, nodes: Nodes, key: str) -> list[Node]:
    return list(nodes[f"{node.path}.{key}"].children())


def _saves(node: Node, nodes: Nodes) -> list[Node]:
    saves = _items(node, nodes, "save_mapping_parameters")
    centroids = nodes.get(f"{node.path}.save_centroids")
    return saves if centroids is None else [*saves, centroids]


def _pattern(node: Node) -> model.PatternConfig:
    entry = node.value
    marked = {
        mark: {
            node.properties[key][mark]: entry[key] for key in entry if mark in node.properties[key]
        }
        for mark in _MARKS
    }
    return model.PatternConfig(
        path=node.path,
        stem=DESIGN_PATTERNS.stems[entry["pattern"]],
        name=entry["name"],
        loss_report_interval=entry["loss_report_interval"],
        weights=marked["x-weight-of"],
        groups=marked["x-group-of"],
        views=marked["x-view-role"],
        classifier_name=entry.get("classifier_name"),
        options=_pattern_options(node),
    )


def _pattern_options(node: Node) -> dict[str, Any]:
    """Return what goes to the constructor: without weights, groups and views."""
    return {
        key: value
        for key, value in node.arguments.items()
        if not any(mark in node.properties[key] for mark in _MARKS)
    }


def _optimizer(node: Node) -> model.OptimizerConfig:
    entry = node.value
    return model.OptimizerConfig(
        path=node.path,
        type=entry["type"],
        name=entry.get("name"),
        group_name=entry["group_name"],
        trained_mapping_names=tuple(entry["trained_mapping_names"]),
        optimizes_centroids=entry["optimizes_centroids"],
        options=node.arguments,
    )


def _cycle_step(entry: Mapping[str, Any]) -> model.CycleStep:
    return model.CycleStep(tuple(entry["active_optimizer_names"]), entry["num_iterations"])


def _scheduler(node: Node) -> model.SchedulerConfig:
    entry = node.value
    return model.SchedulerConfig(
        node.path, entry["type"], entry["optimizer_name"], entry["step"], node.arguments
    )


def _load(node: Node) -> model.LoadConfig:
    return model.LoadConfig(node.path, node.value["mapping_name"], Path(node.value["path_to_file"]))


def _save(node: Node) -> model.SaveConfig:
    entry = node.value
    return model.SaveConfig(
        path=node.path,
        mapping_name=entry.get("mapping_name"),
        interval=entry.get("saving_interval"),
        target=Path(entry["path_to_file_or_dir"]),
        keep_old_files=entry["keep_old_files"],
    )
