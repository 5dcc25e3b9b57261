"""What is there when: centroids and assignments come to be in the course of a method."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.safe_lookup import enabled, in_order, names, objects, subobject, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import STRATEGIES

Data = Mapping[str, Any]
Lacks = Mapping[str, tuple[str, str]]
"""What is not there, as `centroids` or `assignments` -> what to say of it, and the remedy."""

_ON_EVALUATIONS = "performance_evaluation_"


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for everything that is used before it is there, in filled data.

    Every data set is gone through phase by phase. Where names are unknown nothing is said.
    """
    data = nodes["$"].value
    strategy = _strategy(nodes)
    found: dict[str, Problem] = {}  # a phase may run on several data sets
    for path, phase, lacks in _phases(data, strategy) if strategy else ():
        for problem in _unmet(path, phase, lacks, nodes):
            found.setdefault(problem.path, problem)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Strategy:
    """What decides when there are centroids and assignments.

    centroid_phases: the phases that use centroids; None where there are no centroids.
    assigns_by_centroids: whether assignments need them.
    assigns_after: the phase after which there are assignments; None if from the start.
    is_hard: whether a sample has one cluster, with certainty.
    """

    centroid_phases: list[str] | None
    assigns_by_centroids: bool
    assigns_after: str | None
    is_hard: bool

    def lacks(self, there: set[str], dataset: str) -> Lacks:
        """Return what is not there in a phase, given what came to be so far."""
        lacks = {}
        if "centroids" not in there:
            lacks["centroids"] = self._no_centroids(dataset)
        if self.assigns_by_centroids and "centroids" not in there:
            lacks["assignments"] = self._no_centroids(dataset)
        if self.assigns_after is not None and "clusters" not in there:
            found = f"on data set {dataset!r} they come after phase {self.assigns_after!r}"
            lacks["assignments"] = (found, "use them in a later phase")
        if self.is_hard:
            found = (
                "those of the cluster assignment strategy are hard: all but one probability are 0"
            )
            lacks["soft_assignments"] = (found, "name a classifier_name, or take another strategy")
        return lacks

    def _no_centroids(self, dataset: str) -> tuple[str, str]:
        if self.centroid_phases is None:
            remedy = "give the cluster assignment strategy a centroid_initialization_strategy"
            return "the method has no centroids", remedy
        found = f"on data set {dataset!r} there are no centroids yet in this phase"
        return found, "name this phase in use_centroids_during_phases"


def _strategy(nodes: Nodes) -> _Strategy | None:
    """Return None where mistakes leave open what is meant."""
    data = nodes["$"].value
    entry = subobject(data, "cluster_assignment_strategy")
    if text(entry, "type") not in STRATEGIES.stems:
        return None
    node = nodes["$.cluster_assignment_strategy"]
    marked = [key for key, words in node.properties.items() if "x-ready-after" in words]
    strategy = _Strategy(
        centroid_phases=_centroid_phases(entry),
        assigns_by_centroids="centroids" in node.union("x-needs"),
        assigns_after=next((text(entry, key) for key in marked), None),
        is_hard=any(found.schema.get("x-hard") for found in node.schemas),
    )
    is_half = "centroid_recalculation_strategy" in entry or strategy.assigns_by_centroids
    if strategy.centroid_phases is None and is_half:
        return None  # the schema asks for how centroids begin
    return strategy if _is_declared(data, strategy) else None


def _centroid_phases(strategy: Data) -> list[str] | None:
    has_centroids = "centroid_initialization_strategy" in strategy
    return texts(strategy, "use_centroids_during_phases") if has_centroids else None


def _is_declared(data: Data, strategy: _Strategy) -> bool:
    """Whether all phases that decide exist; `references` tells of those that do not."""
    named = {*(strategy.centroid_phases or ()), strategy.assigns_after} - {None}
    for _, dataset in objects(data, "datasets"):
        named |= {*texts(dataset, "phases")}
    return named <= {*names(objects(data, "phases"))}


def _phases(data: Data, strategy: _Strategy) -> Iterator[tuple[str, Data, Lacks]]:
    """Yield path, content and what is lacking of every phase on every data set, as they run."""
    there: set[str] = set()
    for _, dataset in in_order(data, "datasets"):
        if dataset.get("reinitialize_mappings") is not False:
            there = set()
        for path, phase in in_order(data, "phases"):
            name = text(phase, "name")
            if name not in texts(dataset, "phases"):
                continue
            if name in (strategy.centroid_phases or ()):
                there.add("centroids")
            yield path, phase, strategy.lacks(there, str(dataset.get("name")))
            if name == strategy.assigns_after:
                there.add("clusters")


def _unmet(path: str, phase: Data, lacks: Lacks, nodes: Nodes) -> Iterator[Problem]:
    for place, need in _uses(path, phase, nodes):
        if need in lacks:
            found, remedy = lacks[need]
            yield Problem(place, f"it needs {need.replace('_', ' ')}, but {found}", remedy)
    criteria = subobject(phase, "exit_criteria")
    looks_only = all(key.startswith(_ON_EVALUATIONS) for key in criteria)
    if criteria and looks_only and "assignments" in lacks:
        found = f"it never ends: evaluations need assignments, but {lacks['assignments'][0]}"
        yield Problem(child(path, "exit_criteria"), found, "add iterations or epochs")


def _uses(path: str, phase: Data, nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Yield JSON path and need of everything in a phase that uses centroids or assignments."""
    for place, pattern in enabled(phase, "design_patterns", path):
        needs = nodes[place].union("x-needs")
        if "classifier_name" in pattern:  # whose assignments are there from the start
            needs -= {"assignments", "soft_assignments"}
        yield from ((place, need) for need in sorted(needs))
    for place, optimizer in objects(phase, "optimizers", path):
        if optimizer.get("optimizes_centroids") is True:
            yield child(place, "optimizes_centroids"), "centroids"
    if "save_centroids" in phase:
        yield child(path, "save_centroids"), "centroids"
