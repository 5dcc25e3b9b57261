"""Rules between keys that are far apart in a method."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.parts import strategy_parts, trained_parts
from dcrf.config.rules.references import mappings_of
from dcrf.config.safe_lookup import enabled, in_order, objects, subobject, text
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import STRATEGIES

Data = Mapping[str, Any]


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for all keys that contradict each other."""
    return [problem for rule in _RULES for problem in rule(nodes)]


def _prior_cycles(nodes: Nodes) -> Iterator[Problem]:
    """Check that no chain of prior mappings leads back to its start."""
    mappings = objects(nodes["$"].value, "mappings")
    prior = {
        name: text(mapping, "prior_mapping_name")
        for _, mapping in mappings
        if (name := text(mapping, "name")) is not None
    }
    for path, mapping in mappings:
        start = text(mapping, "name")
        chain, name = {start: None}, prior.get(start or "")
        while name is not None and name not in chain:
            chain[name], name = None, prior.get(name)
        if name is not None and name == start:
            message = f"the mapping takes its own output: {' <- '.join(map(str, [*chain, name]))}"
            yield Problem(child(path, "prior_mapping_name"), message, "break the cycle")


def _nothing_enabled(nodes: Nodes) -> Iterator[Problem]:
    data = nodes["$"].value
    for key, noun in (("phases", "phase"), ("datasets", "data set")):
        if objects(data, key) and not enabled(data, key):
            yield Problem(child("$", key), f"no {noun} is enabled", "enable at least one")


def _index_ranges(nodes: Nodes) -> Iterator[Problem]:
    for path, dataset in objects(nodes["$"].value, "datasets"):
        first = dataset.get("index_of_first_sample_to_use", 0)
        last = dataset.get("index_of_last_sample_to_use")
        if isinstance(first, int) and isinstance(last, int) and 0 <= last < first:
            message = f"the last sample to use, {last}, lies before the first, {first}"
            remedy = f"at least {first}"
            yield Problem(child(path, "index_of_last_sample_to_use"), message, remedy)


def _fixed_parts(nodes: Nodes) -> Iterator[Problem]:
    """Check that no optimizer and no design pattern changes a part that never changes."""
    strategy = nodes.get("$.cluster_assignment_strategy")
    if strategy is None or not isinstance(strategy.value, dict):
        return
    for key, keywords in strategy.properties.items():
        changes = keywords.get("x-part-changes", {})
        if changes and strategy.value.get(key) == changes["never"]:
            part, remedy = changes["part"], f"write {changes['by_training']} for {key}"
            for path, phase in enabled(nodes["$"].value, "phases"):
                for optimizer in objects(phase, "optimizers", path):
                    if place := trained_parts(optimizer).get(part):
                        yield Problem(place, f"the {part} are fixed", remedy)
                for place, _ in enabled(phase, "design_patterns", path):
                    if part in nodes[place].updated_parts():
                        yield Problem(place, f"it moves the {part}, which are fixed", remedy)


def _strategies_of_patterns(nodes: Nodes) -> Iterator[Problem]:
    """Check that the method has one of the strategies in a design pattern's `x-strategies`."""
    strategy = text(subobject(nodes["$"].value, "cluster_assignment_strategy"), "type")
    if strategy is None or strategy not in STRATEGIES.stems:
        return  # the schema reports it
    for path, phase in enabled(nodes["$"].value, "phases"):
        for place, _ in enabled(phase, "design_patterns", path):
            able = nodes[place].union("x-strategies")
            if able and STRATEGIES.stems[strategy] not in able:
                message = f"it does not work with the cluster assignment strategy {strategy!r}"
                yield Problem(place, message, f"take the strategy {' or '.join(sorted(able))}")


def _numbers_of_clusters(nodes: Nodes) -> Iterator[Problem]:
    """Check that a data set whose method is kept has as many clusters."""
    for (_, before), (path, dataset) in pairwise(in_order(nodes["$"].value, "datasets")):
        number, kept = dataset.get("num_clusters"), before.get("num_clusters")
        if dataset.get("reinitialize_mappings") is False and number != kept:
            message = f"{number} clusters, but it keeps the mappings of a data set with {kept}"
            remedy = f"write {kept}, or reinitialize the mappings"
            yield Problem(child(path, "num_clusters"), message, remedy)


def _upper_bounds(nodes: Nodes) -> Iterator[Problem]:
    """Check numbers that must not exceed the sibling key in their `x-at-most`."""
    for node in nodes.values():
        for key, keywords in node.properties.items() if isinstance(node.value, dict) else ():
            if "x-at-most" in keywords:
                limit = keywords["x-at-most"]
                value, most = node.value.get(key), node.value.get(limit)
                are_numbers = isinstance(value, int | float) and isinstance(most, int | float)
                if are_numbers and value > most:
                    message = f"{value} is greater than {limit}, {most}"
                    yield Problem(child(node.path, key), message, "exchange them")


def _views_compared(nodes: Nodes) -> Iterator[Problem]:
    """Check that the roles of a design pattern have different views.

    Companions are other samples, so that they may have the view of the samples.
    """
    for node in nodes.values():
        if isinstance(node.value, dict):
            of_samples = {key: words.get("x-view-role") for key, words in node.properties.items()}
            roles = [key for key, role in of_samples.items() if role not in (None, "companions")]
            views = [(key, node.value[key]) for key in roles if key in node.value]
            for (_, first), (key, second) in pairwise(views):
                if first == second:
                    message = f"the view {second!r} is compared with itself"
                    yield Problem(child(node.path, key), message, "name another view")


def _missing_feature_extractors(nodes: Nodes) -> Iterator[Problem]:
    """Check that a feature extractor exists if the first one is a default.

    Design patterns are left out: whether they use it depends on their options.
    """
    if mappings_of(nodes["$"].value, ("feature_extractor",)):
        return
    for node in nodes.values():
        if not isinstance(node.value, dict) or "pattern" in node.value:
            continue
        needs_features = "features" in node.union("x-needs") or bool(strategy_parts(node))
        for key, keywords in node.properties.items():
            is_needed = needs_features or not keywords.get("x-framework")
            is_extractor = keywords.get("x-default") == "first_feature_extractor"
            is_missing = not node.value.keys() & {key, "features"}
            if is_extractor and is_missing and is_needed:
                remedy = "declare a mapping of type feature_extractor"
                yield Problem(node.path, "the method has no feature extractor", remedy)


_RULES: tuple[Callable[[Nodes], Iterator[Problem]], ...] = (
    _prior_cycles,
    _nothing_enabled,
    _index_ranges,
    _fixed_parts,
    _strategies_of_patterns,
    _numbers_of_clusters,
    _upper_bounds,
    _views_compared,
    _missing_feature_extractors,
)
