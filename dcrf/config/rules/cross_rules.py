"""Rules that tie together parts of a method file, in filled data of any shape."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.rules.references import mappings_of
from dcrf.config.safe_lookup import enabled, in_order, objects, subobject, text
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

Data = Mapping[str, Any]


def problems(nodes: Nodes) -> list[Problem]:
    """Return what is wrong between parts that may each be right."""
    found = [problem for check in _CHECKS for problem in check(nodes["$"].value)]
    return [
        *found,
        *_siblings_exceeded(nodes),
        *_views_compared(nodes),
        *_missing_feature_extractors(nodes),
    ]


def _prior_cycles(data: Data) -> Iterator[Problem]:
    """A mapping cannot take its own output."""
    prior = {
        name: text(mapping, "prior_mapping_name")
        for _, mapping in objects(data, "mappings")
        if (name := text(mapping, "name")) is not None
    }
    for path, mapping in objects(data, "mappings"):
        start = text(mapping, "name")
        seen, name = {start: None}, prior.get(start or "")
        while name is not None and name not in seen:
            seen[name], name = None, prior.get(name)
        if name is not None and name == start:
            found = f"the mapping takes its own output: {' <- '.join(map(str, [*seen, name]))}"
            yield Problem(child(path, "prior_mapping_name"), found, "break the circle")


def _nothing_enabled(data: Data) -> Iterator[Problem]:
    for key, word in (("phases", "phase"), ("datasets", "data set")):
        if objects(data, key) and not enabled(data, key):
            yield Problem(child("$", key), f"no {word} is enabled", "enable at least one")


def _index_ranges(data: Data) -> Iterator[Problem]:
    for path, dataset in objects(data, "datasets"):
        first = dataset.get("index_of_first_sample_to_use", 0)
        last = dataset.get("index_of_last_sample_to_use")
        if isinstance(first, int) and isinstance(last, int) and 0 <= last < first:
            found = f"the last sample to use, {last}, lies before the first, {first}"
            yield Problem(child(path, "index_of_last_sample_to_use"), found, f"at least {first}")


def _fixed_centroids(data: Data) -> Iterator[Problem]:
    strategy = subobject(data, "cluster_assignment_strategy")
    if strategy.get("centroid_recalculation_strategy") != "fixed_centroids":
        return
    for path, phase in enabled(data, "phases"):
        for place, optimizer in objects(phase, "optimizers", path):
            if optimizer.get("optimizes_centroids") is True:
                where = child(place, "optimizes_centroids")
                remedy = "write recalculation_by_design_pattern for the recalculation strategy"
                yield Problem(where, "the centroids are fixed", remedy)


def _numbers_of_clusters(data: Data) -> Iterator[Problem]:
    """What a data set keeps, centroids, centers or a classifier's outputs, has their number."""
    datasets = in_order(data, "datasets")
    for (_, before), (path, dataset) in pairwise(datasets):
        number, kept = dataset.get("num_clusters"), before.get("num_clusters")
        if dataset.get("reinitialize_mappings") is False and number != kept:
            found = f"{number} clusters, but the method with {kept} of the data set before is kept"
            remedy = f"write {kept}, or reinitialize the mappings"
            yield Problem(child(path, "num_clusters"), found, remedy)


def _siblings_exceeded(nodes: Nodes) -> Iterator[Problem]:
    """Check numbers that must not be greater than a sibling key, by `x-at-most`."""
    for node in nodes.values():
        for key, keywords in node.properties.items() if isinstance(node.value, dict) else ():
            if "x-at-most" in keywords:
                limit = keywords["x-at-most"]
                value, most = node.value.get(key), node.value.get(limit)
                are_numbers = isinstance(value, int | float) and isinstance(most, int | float)
                if are_numbers and value > most:
                    found = f"{value} is greater than {limit}, {most}"
                    yield Problem(child(node.path, key), found, "exchange them")


def _views_compared(nodes: Nodes) -> Iterator[Problem]:
    """Two roles in a design pattern are for two views."""
    for node in list(nodes.values()):
        if isinstance(node.value, dict):
            roles = [key for key, words in node.properties.items() if "x-view-role" in words]
            given = [(key, node.value[key]) for key in roles if key in node.value]
            for (_, one), (key, other) in pairwise(given):
                if one == other:
                    found = f"the view {other!r} is compared with itself"
                    yield Problem(child(node.path, key), found, "name another view")


def _missing_feature_extractors(nodes: Nodes) -> Iterator[Problem]:
    """Where the first feature extractor is the default, there must be one.

    A design pattern may do without: that depends on its options.
    """
    if mappings_of(nodes["$"].value, ("feature_extractor",)):
        return
    for node in nodes.values():
        if not isinstance(node.value, dict) or "pattern" in node.value:
            continue
        uses_centroids = "centroid_initialization_strategy" in node.value
        for key, keywords in node.properties.items():
            is_needed = uses_centroids or not keywords.get("x-framework")
            if "x-default" in keywords and key not in node.value and is_needed:
                remedy = "declare a mapping of type feature_extractor"
                yield Problem(node.path, "the method has no feature extractor", remedy)


_CHECKS: tuple[Callable[[Data], Iterator[Problem]], ...] = (
    _prior_cycles,
    _nothing_enabled,
    _index_ranges,
    _fixed_centroids,
    _numbers_of_clusters,
)
