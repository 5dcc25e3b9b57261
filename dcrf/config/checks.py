"""Rules that tie together parts of a method file, in filled data of any shape."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from dcrf.config.entries import Entry, enabled, in_order, objects, subobject, text
from dcrf.config.places import child
from dcrf.config.references import CLASSIFIERS, mappings_of
from dcrf.config.schemas import Nodes
from dcrf.errors import Problem

Data = Mapping[str, Any]
_STRATEGY = "$.cluster_assignment_strategy"


def problems(nodes: Nodes) -> list[Problem]:
    """Return what is wrong between parts that may each be right."""
    found = [problem for check in _CHECKS for problem in check(nodes["$"].value)]
    return [*found, *_missing_feature_extractors(nodes)]


def _duplicates(data: Data) -> Iterator[Problem]:
    """Names must be unique where others refer to them, or where files and losses bear them."""
    yield from _called_twice("mapping", objects(data, "mappings"))
    yield from _called_twice("phase", enabled(data, "phases"))
    yield from _called_twice("data set", enabled(data, "datasets"))
    for path, mapping in objects(data, "mappings"):
        yield from _called_twice("layer", objects(mapping, "layers", path))
    for path, dataset in objects(data, "datasets"):
        yield from _called_twice("view", objects(dataset, "batch_augmentations", path))
    for path, phase in objects(data, "phases"):
        yield from _called_twice("design pattern", enabled(phase, "design_patterns", path))


def _called_twice(kind: str, entries: list[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, entry in entries:
        name = text(entry, "name")
        if name in seen:
            found = f"another {kind} is called {name!r}"
            yield Problem(child(path, "name"), found, f"give each {kind} a name of its own")
        elif name is not None:
            seen.add(name)


def _prior_cycles(data: Data) -> Iterator[Problem]:
    """A mapping cannot take its own output."""
    prior = {
        name: text(mapping, "prior_mapping_name")
        for _, mapping in objects(data, "mappings")
        if (name := text(mapping, "name")) is not None
    }
    for path, mapping in objects(data, "mappings"):
        start = text(mapping, "name")
        seen, name = [start], prior.get(start or "")
        while name is not None and name not in seen:
            seen, name = [*seen, name], prior.get(name)
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
        if isinstance(first, int) and isinstance(last, int) and last < first:
            found = f"the last sample to use, {last}, lies before the first, {first}"
            yield Problem(child(path, "index_of_last_sample_to_use"), found, f"at least {first}")


def _centroids(data: Data) -> Iterator[Problem]:
    """What trains or saves centroids needs some, and fixed ones are not trained."""
    strategy = subobject(data, "cluster_assignment_strategy")
    exist = "centroid_initialization_strategy" in strategy
    fixed = strategy.get("centroid_recalculation_strategy") == "fixed_centroids"
    remedy = "give the cluster assignment strategy a centroid_initialization_strategy"
    for path, phase in enabled(data, "phases"):
        if "save_centroids" in phase and not exist:
            yield Problem(child(path, "save_centroids"), "the method has no centroids", remedy)
        for place, optimizer in objects(phase, "optimizers", path):
            if optimizer.get("optimizes_centroids") is not True:
                continue
            where = child(place, "optimizes_centroids")
            if not exist:
                yield Problem(where, "the method has no centroids", remedy)
            elif fixed:
                remedy = "write recalculation_by_design_pattern for the recalculation strategy"
                yield Problem(where, "the centroids are fixed", remedy)


def _numbers_of_clusters(data: Data) -> Iterator[Problem]:
    """Centroids that a data set keeps are as many as its clusters."""
    if "centroid_initialization_strategy" not in subobject(data, "cluster_assignment_strategy"):
        return
    datasets = in_order(data, "datasets")
    for (_, before), (path, dataset) in pairwise(datasets):
        number, kept = dataset.get("num_clusters"), before.get("num_clusters")
        if dataset.get("reinitialize_mappings") is False and number != kept:
            found = f"{number} clusters, but the {kept} centroids of the data set before are kept"
            remedy = f"write {kept}, or reinitialize the mappings"
            yield Problem(child(path, "num_clusters"), found, remedy)


def _classifiers(data: Data) -> Iterator[Problem]:
    strategy = subobject(data, "cluster_assignment_strategy")
    if strategy.get("type") == "classifier" and not mappings_of(data, CLASSIFIERS):
        remedy = f"declare a mapping of type {' or '.join(CLASSIFIERS)}"
        yield Problem(child(_STRATEGY, "type"), "the method has no classifier", remedy)


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


def _files_of_datasets(data: Data) -> Iterator[Problem]:
    """Samples that nobody downloads must be there."""
    for path, dataset in enabled(data, "datasets"):
        if dataset.get("source") == "npz":
            yield from _not_there(child(path, "path"), dataset.get("path"), "file")
            continue
        parts = objects(dataset, "parts", path) or [(path, {})]
        for place, part in parts:
            options = dataset | part
            if options.get("download") is not True:
                owner = place if "root" in part else path
                yield from _not_there(child(owner, "root"), options.get("root"), "folder")


def _not_there(path: str, found: Any, kind: str) -> Iterator[Problem]:
    if isinstance(found, str) and not exists(Path(found)):
        remedy = "paths start at the folder of the method file"
        yield Problem(path, f"the {kind} {found!r} does not exist", remedy)


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; a path that no system takes is none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


_CHECKS: tuple[Callable[[Data], Iterator[Problem]], ...] = (
    _duplicates,
    _prior_cycles,
    _nothing_enabled,
    _index_ranges,
    _centroids,
    _numbers_of_clusters,
    _classifiers,
    _files_of_datasets,
)
