"""Convert a checked method with all defaults into a `MethodConfig`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.config.method_config import (
    CycleStep,
    DatasetConfig,
    FeaturesConfig,
    LoadConfig,
    MappingConfig,
    MethodConfig,
    OptimizerConfig,
    PartConfig,
    PatternConfig,
    PhaseConfig,
    ReclusteringConfig,
    SaveConfig,
    SchedulerConfig,
    StrategyConfig,
)
from dcrf.config.parts import (
    ASSIGNMENT,
    loaded_parts,
    phases_of_parts,
    saved_parts,
    strategy_parts,
    suffix_of,
    trained_parts,
)
from dcrf.config.problem_data import has_problems
from dcrf.config.safe_lookup import enabled, in_order
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import DESIGN_PATTERNS, STRATEGIES

_INTERVAL = "performance_evaluation_interval"
_ROLE = "x-view-role"
_MARKS = ("x-weight-of", "x-group-of", _ROLE)
_LAST_OF_ALL = -1  # as the earlier framework wrote the last sample


def method_config(
    source: Path, nodes: Nodes, notes: tuple[str, ...], warnings: tuple[Problem, ...]
) -> MethodConfig:
    """Return the configuration of a valid method.

    Args:
        source: the method file.
        nodes: the valid data with every default.
        notes: about deprecated keys.
        warnings: about suspicious settings.
    """
    data = nodes["$"].value
    phases = tuple(_phase(nodes[path], nodes) for path, _ in in_order(data, "phases"))
    names = tuple(phase.name for phase in phases)
    strategy = nodes["$.cluster_assignment_strategy"]
    return MethodConfig(
        source=source,
        name=data["name"],
        device=data["device"],
        seed=data.get("seed"),
        precision=data["precision"],
        compile=data["compile"],
        metrics=tuple(data.get("metrics", ())),
        mappings=tuple(_mapping(node) for node in nodes["$.mappings"].children()),
        phases=phases,
        datasets=dataset_configs(nodes),
        strategy=_strategy(strategy),
        parts=_parts(strategy, names),
        features=_features(strategy, strategy.value.get("associated_feature_extractor_name", "")),
        reclusterings=tuple(_reclustering(node) for node in nodes["$.reclusterings"].children()),
        filled=data,
        notes=notes,
        warnings=warnings,
    )


def dataset_configs(nodes: Nodes) -> tuple[DatasetConfig, ...]:
    """Return the enabled data sets of a method, in their order. Its mappings may be invalid."""
    data = nodes["$"].value
    phases = tuple(phase["name"] for _, phase in in_order(data, "phases"))
    return tuple(_dataset(nodes[path], phases) for path, _ in in_order(data, "datasets"))


def _mapping(node: Node) -> MappingConfig:
    entry = node.value
    return MappingConfig(
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
        weight_norm_penalty=entry.get("weight_norm_penalty"),
    )


def _dataset(node: Node, phases: tuple[str, ...]) -> DatasetConfig:
    entry = node.value
    transforms, last = entry.get("transforms"), entry.get("index_of_last_sample_to_use")
    return DatasetConfig(
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
        sampling=entry["sampling"],
        steps=tuple(entry["steps"]),
        steps_fitted_on=entry.get("steps_fitted_on"),
        side_targets=entry.get("side_targets"),
        has_problems=has_problems(entry),
        class_problems=entry.get("class_problems"),
        drop_last=entry["drop_last"],
        pin_memory=entry["pin_memory"],
        num_workers=entry["num_workers"],
        first=entry.get("index_of_first_sample_to_use"),
        last=None if last == _LAST_OF_ALL else last,
        parts=tuple(entry.get("parts", ())),
        options=node.arguments,
    )


def _strategy(node: Node) -> StrategyConfig:
    own = {k: v for k, v in node.arguments.items() if "x-parts" not in node.properties[k]}
    return StrategyConfig(node.path, STRATEGIES.stems[node.value["type"]], own)


def _features(node: Node, extractor: str) -> FeaturesConfig:
    """Return the features of an entry: its own, or the output of a feature extractor."""
    if entry := node.value.get("features"):
        layers = tuple(entry.get("layer_names", ()))
        path = f"{node.path}.features"
        return FeaturesConfig(path, entry["mapping_name"], layers, entry["normalize"])
    return FeaturesConfig(node.path, extractor)


def _reclustering(node: Node) -> ReclusteringConfig:
    entry = node.value
    return ReclusteringConfig(
        path=node.path,
        name=entry["name"],
        clustering=entry["clustering"],
        features=_features(node, entry.get("associated_feature_extractor_name", "")),
        after_phase=entry.get("after_phase"),
    )


def _parts(node: Node, phases: tuple[str, ...]) -> dict[str, PartConfig]:
    used = phases_of_parts(node)
    return {
        part: PartConfig(
            path=node.path,
            phases=tuple(name for name in phases if name in used.get(part, ())),
            files=_files(node, part),
            options={k: v for k, v in node.arguments.items() if part in _owners(node, k)},
        )
        for part in sorted(strategy_parts(node))
    }


def _owners(node: Node, key: str) -> Sequence[str]:
    return node.properties[key].get("x-parts", (ASSIGNMENT,))


def _files(node: Node, part: str) -> dict[str, Path]:
    """Return JSON path -> file for every file that keys of a part name."""
    return {
        inner.path: Path(inner.value)
        for key, value in node.value.items()
        if part in _owners(node, key)
        for inner in node.child(key, value).walk()
        if inner.keywords.get("x-path")
    }


def _phase(node: Node, nodes: Nodes) -> PhaseConfig:
    entry = node.value
    patterns = [nodes[path] for path, _ in enabled(entry, "design_patterns", node.path)]
    schedulers = _items(node, nodes, "optimizer_learning_rate_schedulers")
    return PhaseConfig(
        path=node.path,
        name=entry["name"],
        exit_criteria=entry["exit_criteria"],
        performance_evaluation_interval=entry.get(_INTERVAL),
        on_collapse=entry["on_collapse"],
        design_patterns=tuple(map(_pattern, patterns)),
        optimizers=tuple(map(_optimizer, _items(node, nodes, "optimizers"))),
        optimizer_cycle=tuple(map(_cycle_step, entry["optimizer_cycle"])),
        schedulers=tuple(map(_scheduler, schedulers)),
        gradient_clipping=entry.get("gradient_clipping", {}),
        frozen_parts=tuple(entry["frozen_parts"]),
        keep=entry["keep"],
        validation=entry.get("validation"),
        problem_pictures=tuple(entry["problem_pictures"]),
        loads=tuple(_load(*named) for named in loaded_parts((node.path, entry))),
        saves=tuple(_save(*named) for named in saved_parts((node.path, entry))),
    )


def _items(node: Node, nodes: Nodes, key: str) -> list[Node]:
    return list(nodes[f"{node.path}.{key}"].children())


def _pattern(node: Node) -> PatternConfig:
    entry = node.value
    # Keys act through their annotations: loss_weight, autoencoder_loss_weight, critic_loss_weight
    # and discriminator_loss_weight are x-weight-of, loss_optimizer_group_name and the like
    # x-group-of, batch_augmentation_name and the like x-view-role.
    marked = {
        mark: {
            node.properties[key][mark]: entry[key] for key in entry if mark in node.properties[key]
        }
        for mark in _MARKS
    }
    return PatternConfig(
        path=node.path,
        stem=DESIGN_PATTERNS.stems[entry["pattern"]],
        name=entry["name"],
        loss_report_interval=entry.get("loss_report_interval", 0),
        weights=marked["x-weight-of"],
        groups=marked["x-group-of"],
        views=_views(node),
        classifier_name=entry.get("classifier_name"),
        options=_pattern_options(node),
    )


def _views(node: Node) -> dict[str, str | None]:
    """Return role -> view. Roles without a key map to None, except `samples`, which is left out."""
    keys = {words[_ROLE]: key for key, words in node.properties.items() if _ROLE in words}
    views = {role: node.value.get(key) for role, key in keys.items()}
    return {role: view for role, view in views.items() if view is not None or role != "samples"}


def _pattern_options(node: Node) -> dict[str, Any]:
    """Return the constructor arguments of a pattern: no weights, groups or views."""
    return {
        key: value
        for key, value in node.arguments.items()
        if not any(mark in node.properties[key] for mark in _MARKS)
    }


def _optimizer(node: Node) -> OptimizerConfig:
    entry = node.value
    return OptimizerConfig(
        path=node.path,
        type=entry["type"],
        name=entry.get("name"),
        group_name=entry["group_name"],
        trained_parts=tuple(trained_parts((node.path, entry))),
        options=node.arguments,
    )


def _cycle_step(entry: Mapping[str, Any]) -> CycleStep:
    return CycleStep(tuple(entry["active_optimizer_names"]), entry["num_iterations"])


def _scheduler(node: Node) -> SchedulerConfig:
    entry = node.value
    return SchedulerConfig(
        node.path, entry["type"], entry["optimizer_name"], entry["step"], node.arguments
    )


def _load(path: str, part: str, entry: Mapping[str, Any]) -> LoadConfig:
    return LoadConfig(path, part, Path(entry["path_to_file"]))


def _save(path: str, part: str, entry: Mapping[str, Any]) -> SaveConfig:
    return SaveConfig(
        path=path,
        part=part,
        interval=entry.get("saving_interval"),
        target=Path(entry["path_to_file_or_dir"]),
        keep_old_files=entry["keep_old_files"],
        suffix=suffix_of(entry),
    )
