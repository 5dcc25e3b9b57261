"""Warnings about valid settings that are probably a mistake.

They train nothing, train in the wrong order, or cannot form clusters. Each rule is silent on every
shipped configuration.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import product
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.parts import (
    STRATEGY_PARTS,
    loaded_parts,
    phases_of_parts,
    trained_parts,
)
from dcrf.config.rules.phase_order import hard_part
from dcrf.config.rules.references import CLASSIFIERS
from dcrf.config.rules.schedules import schedules, values
from dcrf.config.rules.schema_errors import suggestion
from dcrf.config.rules.torch_signatures import has_parameters
from dcrf.config.safe_lookup import (
    Entry,
    enabled,
    in_order,
    objects,
    objects_within,
    text,
)
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem

_MAPPING_REFERENCES = {"mapping", "feature_extractor", "classifier"}
_ASSIGNMENTS = {"assignments", "soft_assignments"}


def warnings(nodes: Nodes) -> list[Problem]:
    """Return a warning for every suspicious setting of a valid method, with all defaults."""
    method = _Method(nodes)
    return [warning for rule in _RULES for warning in rule(method)]


class _Method:
    """Which part of a method depends on which.

    A part is a mapping or a part of the strategy, by its name.
    """

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.data: Mapping[str, Any] = nodes["$"].value
        self.phases = in_order(self.data, "phases")
        self.strategy = nodes["$.cluster_assignment_strategy"]
        self.is_hard = hard_part(self.strategy) is not None

    @cached_property
    def mappings(self) -> Mapping[str, Entry]:
        """Name -> JSON path and entry."""
        return {entry["name"]: (path, entry) for path, entry in objects(self.data, "mappings")}

    @cached_property
    def assigning_parts(self) -> set[str]:
        """The parts that compute the assignments of the cluster assignment strategy."""
        needs = self.strategy.union("x-needs")
        parts = _referenced(self.strategy, arguments_only="features" not in needs)
        if "classifiers" in needs and not parts:
            parts |= {name for name, (_, e) in self.mappings.items() if e["type"] in CLASSIFIERS}
        own = self.strategy.union("x-provides") & phases_of_parts(self.strategy).keys()
        return self.with_inputs(parts) | needs.intersection(STRATEGY_PARTS) | own

    def with_inputs(self, parts: set[str]) -> set[str]:
        """Return parts together with the mappings whose output they take."""
        closed: set[str] = set()
        pending = list(parts)
        while pending:
            part = pending.pop()
            if part in closed:
                continue
            closed.add(part)
            _, entry = self.mappings.get(part, ("", {}))
            inputs = [text(entry, "prior_mapping_name")]
            if entry.get("type") == "feature_space_classifier":
                inputs.append(text(entry, "associated_feature_extractor_name"))
            pending += [name for name in inputs if name is not None]
        return closed

    def patterns(self, phase: Entry) -> list[Node]:
        """Return the enabled design patterns of a phase."""
        path, entry = phase
        return [self.nodes[place] for place, _ in enabled(entry, "design_patterns", path)]

    def uses_clusters(self, pattern: Node) -> bool:
        """Whether a pattern uses assignments or parts of the strategy."""
        needs = pattern.union("x-needs")
        by_strategy = "classifier_name" not in pattern.value and bool(needs & _ASSIGNMENTS)
        return by_strategy or not needs.isdisjoint(STRATEGY_PARTS)

    def parts_used(self, pattern: Node) -> set[str]:
        """Return the parts on which the losses of a pattern depend."""
        needs = pattern.union("x-needs")
        parts = self.with_inputs(_referenced(pattern)) | needs.intersection(STRATEGY_PARTS)
        if "features" in needs or pattern.union("x-strategies"):
            parts |= self.with_inputs(_referenced(self.strategy))
        by_strategy = "classifier_name" not in pattern.value and bool(needs & _ASSIGNMENTS)
        if by_strategy and not self.is_hard:  # hard assignments have no gradient
            parts |= self.assigning_parts
        return parts

    def trained(self, phase: Entry) -> set[str]:
        """Return the parts that optimizers of a phase train."""
        path, entry = phase
        return {part for o in objects(entry, "optimizers", path) for part in trained_parts(o)}

    def has_parameters(self, mapping: str) -> bool:
        """Whether any layer of a mapping has parameters."""
        layers = objects_within(self.mappings[mapping][1]["layers"], "")
        return any(has_parameters(layer.get("type")) for _, layer in layers)


def _referenced(node: Node, *, arguments_only: bool = False) -> set[str]:
    """Return the mappings that an entry names, in constructor arguments only or in any key."""
    return {
        inner.value
        for inner in node.walk()
        if inner.keywords.get("x-refers-to") in _MAPPING_REFERENCES
        and not (arguments_only and inner.keywords.get("x-framework"))
    }


def _groups(pattern: Node) -> Iterator[tuple[str, str]]:
    """Yield JSON path and optimizer group of each loss of a pattern."""
    for key, keywords in pattern.properties.items():
        if "x-group-of" in keywords and key in pattern.value:
            yield child(pattern.path, key), pattern.value[key]


def _losses_without_optimizers(method: _Method) -> Iterator[Problem]:
    for path, entry in method.phases:
        patterns = method.patterns((path, entry))
        groups = {optimizer["group_name"] for _, optimizer in objects(entry, "optimizers")}
        losses = [loss for pattern in patterns for loss in _groups(pattern)]
        if losses and not groups:
            message = "the phase has losses but no optimizer, so it trains nothing"
            yield Problem(path, message, "add optimizers, or remove the design patterns")
            continue
        for place, group in losses:
            if group not in groups:
                message = f"no optimizer has group {group!r}: the loss is reported, not minimized"
                yield Problem(place, message, suggestion(group, sorted(groups)))


def _optimizers_without_losses(method: _Method) -> Iterator[Problem]:
    """Warn of optimizers without a loss, and of parts on which their losses do not depend."""
    for path, entry in method.phases:
        patterns = method.patterns((path, entry))
        for place, optimizer in objects(entry, "optimizers", path):
            group = optimizer["group_name"]
            minimized = [p for p in patterns if group in {g for _, g in _groups(p)}]
            if not minimized:
                message = f"no loss has group {group!r}: the optimizer does nothing"
                groups = sorted({g for pattern in patterns for _, g in _groups(pattern)})
                yield Problem(child(place, "group_name"), message, suggestion(group, groups))
                continue
            used = {part for pattern in minimized for part in method.parts_used(pattern)}
            for part, named in trained_parts((place, optimizer)).items():
                if part not in used:
                    message = f"no loss of group {group!r} depends on {part!r}: it never changes"
                    message += "; hard assignments have no gradient" if method.is_hard else ""
                    remedy = f"remove it, or add a design pattern that uses {part!r}"
                    yield Problem(named, message, remedy)


def _untrained_mappings(method: _Method) -> Iterator[Problem]:
    """Warn of mappings that losses depend on, but that no optimizer trains and no file fills."""
    filled = {part for phase in method.phases for part in method.trained(phase)}
    for phase in method.phases:
        filled |= {part for _, part, _ in loaded_parts(phase)}
    used: dict[str, str] = {}  # mapping -> the first pattern that uses it
    for phase in method.phases:
        if method.trained(phase):
            for pattern in method.patterns(phase):
                for name in method.with_inputs(_referenced(pattern)):
                    used.setdefault(name, pattern.value["name"])
    for name, (path, _) in method.mappings.items():
        if name in used.keys() - filled and method.has_parameters(name):
            message = f"{used[name]!r} uses {name!r}, which keeps its random parameters"
            remedy = "name it in trained_parts of an optimizer, or load its parameters"
            yield Problem(path, message, remedy)


def _unmoved_parts(method: _Method) -> Iterator[Problem]:
    """Warn of a part that training should move, if no optimizer and no pattern does."""
    patterns = [pattern for phase in method.phases for pattern in method.patterns(phase)]
    moved = {part for pattern in patterns for part in pattern.updated_parts()}
    moved |= {part for phase in method.phases for part in method.trained(phase)}
    for key, words in method.strategy.properties.items():
        changes = words.get("x-part-changes", {})
        part = changes.get("part")
        is_trained = bool(changes) and method.strategy.value.get(key) == changes["by_training"]
        if is_trained and part not in moved:
            message = f"no optimizer and no design pattern moves the {part}: they keep their start"
            remedy = f"name {part!r} in trained_parts of an optimizer, or write {changes['never']}"
            yield Problem(child(method.strategy.path, key), message, remedy)


def _clusters_before_training(method: _Method) -> Iterator[Problem]:
    """Warn if clusters of an untrained mapping are used, and a later phase pretrains it."""
    trained: set[str] = set()
    for _, dataset in in_order(method.data, "datasets"):
        if dataset["reinitialize_mappings"]:
            trained = set()
        phases = [p for p in method.phases if p[1]["name"] in dataset["phases"]]
        for number, (path, entry) in enumerate(phases):
            trained |= {part for _, part, _ in loaded_parts((path, entry))}
            untrained = _clustered(method, (path, entry)) - trained
            for later_path, later in phases[number + 1 :]:
                if common := sorted(untrained & _pretrained(method, (later_path, later))):
                    before = f"before phase {later['name']!r} trains {common[0]!r} without clusters"
                    message = f"phase {entry['name']!r} uses clusters {before}"
                    remedy = f"let {later['name']!r} have a lower order than {entry['name']!r}"
                    yield Problem(child(path, "order"), message, remedy)
                    break
            trained |= method.trained((path, entry))


def _untrained_data_sets(method: _Method) -> Iterator[Problem]:
    """Warn about a data set without phases that the method before does not see."""
    datasets = [*in_order(method.data, "datasets")]
    for path, dataset in datasets[1:]:
        if not dataset["phases"] and dataset["reinitialize_mappings"]:
            message = "no phase trains on this data set, and its mappings are initialized anew"
            remedy = "write false, so that its clusters are those of the trained mappings"
            yield Problem(child(path, "reinitialize_mappings"), message, remedy)


def _other_steps(method: _Method) -> Iterator[Problem]:
    """Warn about steps that are fitted to a data set which goes through others."""
    datasets = [*in_order(method.data, "datasets")]
    by_name = {dataset["name"]: dataset for _, dataset in datasets}
    for path, dataset in datasets:
        name = dataset.get("steps_fitted_on")
        if name in by_name and dataset["steps"] != by_name[name]["steps"]:
            message = f"these steps are fitted to {name!r}, whose own steps are others"
            yield Problem(child(path, "steps"), message, "write equal steps for both")


def _clustered(method: _Method, phase: Entry) -> set[str]:
    """Return the mappings whose clusters a phase uses or ends with, untrained in the phase."""
    mappings = method.assigning_parts.difference(STRATEGY_PARTS)
    if any(map(method.uses_clusters, method.patterns(phase))):
        return mappings
    name = phase[1]["name"]
    ready_after = [
        key for key, words in method.strategy.properties.items() if words.get("x-ready-after")
    ]
    clusters_at_end = any(method.strategy.value.get(key) == name for key in ready_after)
    return mappings - method.trained(phase) if clusters_at_end else set()


def _pretrained(method: _Method, phase: Entry) -> set[str]:
    """Return the mappings that a phase trains, if none of its losses uses clusters."""
    patterns = method.patterns(phase)
    if any(map(method.uses_clusters, patterns)):
        return set()
    return method.trained(phase) & {p for pattern in patterns for p in method.parts_used(pattern)}


def _negative_weights(method: _Method) -> Iterator[Problem]:
    for pattern in (pattern for phase in method.phases for pattern in method.patterns(phase)):
        for key, keywords in pattern.properties.items():
            if "x-weight-of" in keywords and key in pattern.value:
                weight = method.nodes[child(pattern.path, key)]
                scheduled = values(weight) if isinstance(weight.value, dict) else [weight]
                for node in (node for node in scheduled if node.value < 0):
                    message = f"the weight {node.value} is negative: training maximizes the loss"
                    yield Problem(node.path, message, "write a weight of at least 0")


def _unfinished_schedules(method: _Method) -> Iterator[Problem]:
    """Warn of schedules that go on after their phase."""
    for key in schedules(method.nodes):
        unit = key.value.get("unit", "iteration")
        ends = [p.value["exit_criteria"].get(f"{unit}s") for p in key.parents if _is_phase(p)]
        for node, most in product(key.walk(), filter(None, ends)):
            if (last := max(_positions(node), default=0)) > most:
                message = f"the schedule reaches {unit} {last}, but the phase ends after {most}"
                yield Problem(node.path, message, f"write at most {most}")


def _incomparable_losses(method: _Method) -> Iterator[Problem]:
    """Warn of the lowest loss among sums whose weights change, so that they do not compare."""
    for path, entry in method.phases:
        weights = [
            child(pattern.path, key)
            for pattern in method.patterns((path, entry))
            for key, keywords in pattern.properties.items()
            if "x-weight-of" in keywords and key in pattern.value
            if _changes(method.nodes[child(pattern.path, key)])
        ]
        if weights and entry["keep"] == "lowest_loss":
            message = f"the losses of two epochs do not compare: {weights[0]} changes between them"
            yield Problem(child(path, "keep"), message, "write last, or a weight that is a number")


def _changes(weight: Node) -> bool:
    """Whether a weight is a schedule of several values."""
    return len({number.value for number in values(weight)}) > 1


def _is_phase(node: Node) -> bool:
    return isinstance(node.value, dict) and "exit_criteria" in node.value


def _positions(node: Node) -> list[int]:
    """Return the iterations or epochs that a value of a schedule names."""
    if node.keywords.get("x-position"):
        return [node.value]
    return [int(key) for key in node.value] if node.keywords.get("x-positions") else []


def _single_clusters(method: _Method) -> Iterator[Problem]:
    for path, dataset in in_order(method.data, "datasets"):
        if dataset["num_clusters"] == 1:
            message = "one cluster contains every sample, whatever the method learns"
            yield Problem(child(path, "num_clusters"), message, "write 2 or more")


_RULES: tuple[Callable[[_Method], Iterator[Problem]], ...] = (
    _losses_without_optimizers,
    _optimizers_without_losses,
    _untrained_mappings,
    _unmoved_parts,
    _clusters_before_training,
    _untrained_data_sets,
    _other_steps,
    _negative_weights,
    _unfinished_schedules,
    _incomparable_losses,
    _single_clusters,
)
