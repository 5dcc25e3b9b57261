"""Whole methods in which, taken together, every kind of name occurs; and where their names are."""

from collections.abc import Iterator
from copy import deepcopy
from functools import reduce
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.schema_lookup import Node, nodes_of
from dcrf.schema.registry import SOURCES
from tests.cases.set_methods import set_method
from tests.cases.sources import entry_of
from tests.security.names import table
from tests.unit.config.methods import REINFORCEMENT, dec

Steps = tuple[str | int, ...]

NAME_KEYS = {"functions": "function_name", "datasets": "dataset"}  # elsewhere `type`
REFERENCES = ("x-refers-to", "x-names", "x-layer-within", "x-layer-of")
HEADS = {"pattern", "source", "function_name"}
LEAVES = ("_layer_names", "_name_1", "_name_2", "augmentation_name")


def methods() -> list[dict[str, Any]]:
    """One with centroids and all patterns, one with a classifier, one with k-means, one on sets."""
    return [_rich(), _with_classifier(), _with_k_means(), _on_sets()]


def places(method: dict[str, Any]) -> dict[Steps, set[str]]:
    """Return where a name stands, as steps into the data -> the names that are right there."""
    nodes = nodes_of(method)
    steps = dict(_everything(method))
    found = {steps[node.path]: names for node in nodes.values() if (names := _right(node))}
    return found | {
        (*outer, *inner): names
        for outer, entry in _calls(nodes, steps)
        for inner, names in _nested(entry.value, entry.keywords["x-call"])
    }


def replaced(method: dict[str, Any], where: list[Steps], name: str) -> dict[str, Any]:
    """Return a copy that has the name in all of these places."""
    copy = deepcopy(method)
    for steps in where:
        holder: Any = copy
        for step in steps[:-1]:
            holder = holder[step]
        holder[steps[-1]] = name
    return copy


def groups(where: dict[Steps, set[str]]) -> list[list[Steps]]:
    """Return places in two groups to be tried together: a wrong name hides what hangs on it.

    Leaves hang on names of the second group. Of heads, on which the rest of their entry hangs,
    only those are tried that have no leaf beside them.
    """
    leaves = [s for s in where if any(str(step).endswith(LEAVES) for step in s)]
    heads = [s for s in where if s[-1] in HEADS or s == ("cluster_assignment_strategy", "type")]
    alone = [s for s in heads if not any(leaf[: len(s) - 1] == s[:-1] for leaf in leaves)]
    return [[*alone, *leaves], [s for s in where if s not in heads and s not in leaves]]


def _right(node: Node) -> set[str] | None:
    """Return the names that are right for a value, or None if it is no name."""
    keywords = node.keywords
    if not isinstance(node.value, str) or not node.parents:
        return None
    if "enum" in keywords:
        return set(keywords["enum"])
    if any(key in keywords for key in REFERENCES):
        return {node.value}
    place = node.parents[-1].keywords.get("x-call")
    if place and node.path.endswith(f".{NAME_KEYS.get(place, 'type')}"):
        return table(place)
    is_argument_name = node.path.endswith(".input_argument_name")
    return {node.value, "input"} if is_argument_name else None


def _calls(nodes: Any, steps: dict[str, Steps]) -> Iterator[tuple[Steps, Node]]:
    for node in nodes.values():
        if node.keywords.get("x-call") in ("layers", "transforms"):
            yield steps[node.path], node


def _nested(value: Any, place: str) -> Iterator[tuple[Steps, set[str]]]:
    """Yield the types of entries within an entry, which no schema sees."""
    for key, inner in _items(value):
        if isinstance(inner, dict) and "type" in inner:
            yield (key, "type"), table(place)
        for steps, names in _nested(inner, place):
            yield (key, *steps), names


def _everything(value: Any, steps: Steps = ()) -> Iterator[tuple[str, Steps]]:
    yield path_of(steps), steps
    for key, inner in _items(value):
        yield from _everything(inner, (*steps, key))


def _items(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def path_of(steps: Steps) -> str:
    """Return steps as a JSON path."""
    return reduce(child, steps, "$")


def _rich() -> dict[str, Any]:
    method = dec() | {"name": "rich", "device": "cpu", "precision": "fp32"}
    encoder = {"encoder_name": "encoder", "decoder_name": "decoder"}
    method["mappings"][0]["pre_processing_functions"] = [
        {"function_name": "relu", "input_argument_name": "input"}
    ]
    method["mappings"][0]["layers"].insert(1, {"type": "Sequential", "positional_arguments": [
        {"type": "Sequential", "positional_arguments": [{"type": "Tanh"}]}]})  # fmt: skip
    inner = {"type": "TransformerEncoderLayer", "d_model": 4, "nhead": 1}
    transformer = {"type": "TransformerEncoder", "encoder_layer": inner, "num_layers": 1}
    method["mappings"].append(
        {"type": "design_pattern_specific", "name": "head", "prior_mapping_name": "encoder",
         "layers": [transformer]}
    )  # fmt: skip
    method["mappings"].append(
        {"type": "design_pattern_specific", "name": "critic",
         "layers": [{"type": "Flatten"}, {"type": "Linear", "in_features": 64, "out_features": 1}]}
    )  # fmt: skip
    method["phases"][0]["optimizers"].append(
        {"type": "Adam", "group_name": "critic", "trained_mapping_names": ["critic"]}
    )
    method["cluster_assignment_strategy"]["associated_feature_extractor_name"] = "encoder"
    method["datasets"] = [*method["datasets"], _mnist(), *_small_data_sets()]
    for index, dataset in enumerate(method["datasets"]):
        dataset.update(name=f"d{index}", phases=["pretraining", "finetuning"] if not index else [])
    view = {"batch_augmentation_name": "flipped"}
    pretraining, finetuning = method["phases"]
    pretraining["design_patterns"] = [
        {"pattern": "reconstruction", "loss_reduction_method": "sum", **encoder, **view},
        {"pattern": "adversarial_interpolation", "critic_name": "critic", **encoder,
         "critic_loss_optimizer_group_name": "critic",
         "autoencoder_loss_optimizer_group_name": "default"},
        {"pattern": "instance_contrast", "contrastive_learning_head_name": "head",
         "batch_augmentation_name_2": "flipped"},
        {"pattern": "layer_wise_pretraining", **encoder, "dropout_rate": 0.2,
         "encoder_decoder_layer_pairs": [{"encoder_layer_names": ["hidden"],
          "decoder_layer_names": ["out"], "train_for_iterations": 3}]},
    ]  # fmt: skip
    finetuning["design_patterns"] += [
        {**REINFORCEMENT, "associated_feature_extractor_name": "encoder",
         "sample_cluster_pair_loss_weighting_term": "unit"},
        {"pattern": "assignment_entropy", **view},
        {"pattern": "assignment_entropy", "name": "again"},
        {"pattern": "cluster_contrast", "batch_augmentation_name_1": "flipped"},
    ]  # fmt: skip
    finetuning["load_mapping_parameters"] = [{"mapping_name": "encoder", "path_to_file": "a.pth"}]
    finetuning["optimizer_learning_rate_schedulers"][0]["step"] = "epoch"
    return method


def _with_classifier() -> dict[str, Any]:
    strategy = {"classifier_selection_criterion": "name", "classifier_name": "c"}
    method = _small({"type": "classifier", **strategy})
    linear = {"type": "Linear", "in_features": 4, "out_features": 10}
    layers = [linear, {"type": "Softmax", "name": "softmax", "dim": 1}]
    method["mappings"].append(
        {"type": "feature_space_classifier", "name": "c", "layers": layers,
         "associated_feature_extractor_name": "encoder", "softmax_layer_name": "softmax"}
    )  # fmt: skip
    entropy = {"pattern": "assignment_entropy", "classifier_name": "c"}
    method["phases"][0]["design_patterns"] = [entropy]
    return method


def _with_k_means() -> dict[str, Any]:
    name = "classical_clustering_in_feature_space_after_phase"
    method_key = "classical_clustering_method_after_phase"
    extractor = {"associated_feature_extractor_name": "encoder"}
    return _small({"type": name, name: "p", method_key: "k_means", **extractor})


def _small(strategy: dict[str, Any]) -> dict[str, Any]:
    method = dec()
    encoder = {"type": "feature_extractor", "name": "encoder", "layers": [{"type": "Flatten"}]}
    phase = {"name": "p", "order": 1, "exit_criteria": {"iterations": 1}}
    method["datasets"][0].pop("batch_augmentations")
    method |= {"mappings": [encoder], "phases": [phase], "cluster_assignment_strategy": strategy}
    return method


def _mnist() -> dict[str, Any]:
    crop = {"type": "RandomApply", "transforms": [{"type": "RandomCrop", "size": 28}]}
    compose = {"type": "Compose", "positional_arguments": [[crop, {"type": "ToTensor"}]]}
    return {"source": "torchvision", "dataset": "MNIST", "root": "datasets", "batch_size": 16,
            "num_clusters": 10, "transforms": [compose], "parts": [{"train": True}]}  # fmt: skip


def _small_data_sets() -> list[dict[str, Any]]:
    """The smallest data set of every source of samples; `watched.prepare` writes its files."""
    shared = {"batch_size": 2, "num_clusters": 2}
    return [entry_of(stem) | shared for stem in SOURCES.schemas if not _has_problems(stem)]


def _on_sets() -> dict[str, Any]:
    shared = {"batch_size": 2, "num_clusters": 3}
    stems = [stem for stem in SOURCES.schemas if _has_problems(stem)]
    return set_method(name="on_sets", datasets=[entry_of(stem) | shared for stem in stems])


def _has_problems(stem: str) -> bool:
    return SOURCES.schemas[stem].get("x-batch") == "problems"
