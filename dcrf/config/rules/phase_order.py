"""Check that centroids and assignments exist in every phase that uses them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.safe_lookup import enabled, in_order, names, objects, subobject, text, texts
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import KINDS, STRATEGIES

Data = Mapping[str, Any]
Missing = Mapping[str, tuple[str, str]]
"""Need that is not met in a phase, such as `centroids` -> the reason and the remedy."""

_ON_EVALUATIONS = "performance_evaluation_"


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every use of centroids or assignments before they exist.

    All phases are followed in order on every data set. A method with unknown names has problems
    of its own and none here.
    """
    data = nodes["$"].value
    strategy = _strategy(nodes)
    unmet: dict[str, Problem] = {}  # by path: a phase may run on several data sets
    for path, phase, missing in _phases(data, strategy) if strategy else ():
        for problem in _unmet(path, phase, missing, nodes):
            unmet.setdefault(problem.path, problem)
    return list(unmet.values())


@dataclass(frozen=True, slots=True)
class _Strategy:
    """The settings that decide when centroids and assignments exist.

    centroid_phases: the phases that use centroids; None if the method has no centroids.
    assigns_by_centroids: whether assignments are computed from centroids.
    assigns_after: the phase that has to end before the first assignment; None for no phase.
    hard_part: the strategy or its component that assigns each sample to exactly one cluster, with
        probability 1; None if assignments are soft.
    """

    centroid_phases: list[str] | None
    assigns_by_centroids: bool
    assigns_after: str | None
    hard_part: Node | None

    def missing(self, existing: set[str], dataset: str) -> Missing:
        """Return the needs that a phase cannot meet, given the parts that exist at its start."""
        missing = {}
        if "centroids" not in existing:
            missing["centroids"] = self._no_centroids(dataset)
        if self.assigns_by_centroids and "centroids" not in existing:
            missing["assignments"] = self._no_centroids(dataset)
        if self.assigns_after is not None and "clusters" not in existing:
            reason = f"on data set {dataset!r} they exist only after phase {self.assigns_after!r}"
            missing["assignments"] = (reason, "use them in a later phase")
        if self.hard_part is not None:
            reason = "the cluster assignment strategy assigns each sample to exactly one cluster"
            missing["soft_assignments"] = (reason, _soft_alternatives(self.hard_part))
        return missing

    def _no_centroids(self, dataset: str) -> tuple[str, str]:
        if self.centroid_phases is None:
            remedy = "add centroid_initialization_strategy to the cluster assignment strategy"
            return "the method has no centroids", remedy
        reason = f"on data set {dataset!r} centroids are not initialized before this phase ends"
        return reason, "name this phase in use_centroids_during_phases"


def hard_part(strategy: Node) -> Node | None:
    """Return the strategy or the component that it assigns by, if its assignments are hard."""
    children = (node for node in strategy.children() if not node.keywords.get("x-framework"))
    return next((node for node in (strategy, *children) if node.keywords.get("x-hard")), None)


def _soft_alternatives(hard_part: Node) -> str:
    """Return a remedy that names the components with soft assignments."""
    kind = hard_part.keywords.get("x-component")
    registry = KINDS[kind] if kind else STRATEGIES
    soft = [stem for stem, schema in registry.schemas.items() if not schema.get("x-hard")]
    choices = [f"write {' or '.join(soft)} here: {hard_part.path}"] if soft else []
    choices += ["take another cluster assignment strategy", "set classifier_name"]
    return ", or ".join(choices)


def _strategy(nodes: Nodes) -> _Strategy | None:
    """Return None if problems elsewhere leave the settings ambiguous."""
    data = nodes["$"].value
    entry = subobject(data, "cluster_assignment_strategy")
    if text(entry, "type") not in STRATEGIES.stems:
        return None
    node = nodes["$.cluster_assignment_strategy"]
    ready_after = [key for key, keywords in node.properties.items() if "x-ready-after" in keywords]
    has_centroids = "centroid_initialization_strategy" in entry
    strategy = _Strategy(
        centroid_phases=texts(entry, "use_centroids_during_phases") if has_centroids else None,
        assigns_by_centroids="centroids" in node.union("x-needs"),
        assigns_after=next((text(entry, key) for key in ready_after), None),
        hard_part=hard_part(node),
    )
    needs_start = "centroid_recalculation_strategy" in entry or strategy.assigns_by_centroids
    if needs_start and not has_centroids:
        return None  # the schema reports it
    return strategy if _is_declared(data, strategy) else None


def _is_declared(data: Data, strategy: _Strategy) -> bool:
    """Whether all phases that the settings name exist; `references` reports those that do not."""
    named = {*(strategy.centroid_phases or ()), strategy.assigns_after} - {None}
    for _, dataset in objects(data, "datasets"):
        named |= {*texts(dataset, "phases")}
    return named <= {*names(objects(data, "phases"))}


def _phases(data: Data, strategy: _Strategy) -> Iterator[tuple[str, Data, Missing]]:
    """Yield path, entry and unmet needs of every phase on every data set, in running order."""
    existing: set[str] = set()
    for _, dataset in in_order(data, "datasets"):
        if dataset.get("reinitialize_mappings") is not False:
            existing = set()
        for path, phase in in_order(data, "phases"):
            name = text(phase, "name")
            if name not in texts(dataset, "phases"):
                continue
            if name in (strategy.centroid_phases or ()):
                existing.add("centroids")
            yield path, phase, strategy.missing(existing, str(dataset.get("name")))
            if name == strategy.assigns_after:
                existing.add("clusters")


def _unmet(path: str, phase: Data, missing: Missing, nodes: Nodes) -> Iterator[Problem]:
    for place, need in _uses(path, phase, nodes):
        if need in missing:
            reason, remedy = missing[need]
            yield Problem(place, f"it needs {need.replace('_', ' ')}, but {reason}", remedy)
    criteria = subobject(phase, "exit_criteria")
    needs_evaluations = all(key.startswith(_ON_EVALUATIONS) for key in criteria)
    if criteria and needs_evaluations and "assignments" in missing:
        message = f"it never ends: evaluations need assignments, but {missing['assignments'][0]}"
        yield Problem(child(path, "exit_criteria"), message, "add iterations or epochs")


def _uses(path: str, phase: Data, nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Yield JSON path and need of everything in a phase that uses centroids or assignments.

    Soft assignments come first: hard ones do not become soft in a later phase.
    """
    for place, pattern in enabled(phase, "design_patterns", path):
        needs = nodes[place].union("x-needs")
        if "classifier_name" in pattern:  # a classifier assigns from the start
            needs -= {"assignments", "soft_assignments"}
        yield from ((place, need) for need in sorted(needs, reverse=True))
    for place, optimizer in objects(phase, "optimizers", path):
        if optimizer.get("optimizes_centroids") is True:
            yield child(place, "optimizes_centroids"), "centroids"
    if "save_centroids" in phase:
        yield child(path, "save_centroids"), "centroids"
