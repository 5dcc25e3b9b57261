"""Check that parts and assignments exist in every phase that uses them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.parts import (
    loaded_parts,
    phases_of_parts,
    saved_parts,
    strategy_parts,
    trained_parts,
)
from dcrf.config.rules.suggestions import listed
from dcrf.config.safe_lookup import enabled, in_order, names, objects, subobject, text, texts
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import KINDS, SAMPLINGS, STRATEGIES

Data = Mapping[str, Any]
Missing = Mapping[str, tuple[str, str]]
"""Need that is not met in a phase, a part or `assignments` -> the reason and the remedy."""

_ON_EVALUATIONS = "performance_evaluation_"


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every use of parts or assignments before they exist.

    All phases are followed in order on every data set. A method with unknown names has problems
    of its own and none here.
    """
    data = nodes["$"].value
    strategy = _strategy(nodes)
    unmet: dict[str, Problem] = {}  # by path: a phase may run on several data sets
    by_dataset: dict[str, list[Missing]] = {}
    for dataset, path, phase, missing in _phases(data, strategy) if strategy else ():
        by_dataset.setdefault(dataset, []).append(missing)
        for problem in _unmet(path, phase, missing, nodes):
            unmet.setdefault(problem.path, problem)
    never = (p for pair in by_dataset.items() for p in _unmet_by_sampling(*pair, nodes))
    return [*unmet.values(), *never]


@dataclass(frozen=True, slots=True)
class _Strategy:
    """The settings that decide when parts and assignments exist.

    provides: the parts that the strategy provides.
    phases: part of these that a phase initializes -> the phases that use it.
    assigns_by: the parts from which assignments are computed.
    assigns_after: the phase that has to end before the first assignment; None for no phase.
    hard_part: the strategy or its component that assigns each sample to exactly one cluster, with
        probability 1; None if assignments are soft.
    """

    provides: frozenset[str]
    phases: Mapping[str, list[str]]
    assigns_by: frozenset[str]
    assigns_after: str | None
    hard_part: Node | None

    def missing(self, existing: set[str], dataset: str) -> Missing:
        """Return the needs that a phase cannot meet, given the parts that exist at its start."""
        missing = {
            part: self._no_part(part, key, dataset)
            for part, key in _parts_of_strategies().items()
            if part not in existing
        }
        for part in self.assigns_by - existing:
            missing["assignments"] = missing[part]
        if self.assigns_after is not None and "clusters" not in existing:
            reason = f"on data set {dataset!r} they exist only after phase {self.assigns_after!r}"
            missing["assignments"] = (reason, "use them in a later phase")
        if self.hard_part is not None:
            reason = "the cluster assignment strategy assigns each sample to exactly one cluster"
            missing["soft_assignments"] = (reason, _soft_alternatives(self.hard_part))
        return missing

    def _no_part(self, part: str, keys: tuple[str, str], dataset: str) -> tuple[str, str]:
        remedy, phases = keys
        if part in self.provides - self.phases.keys():
            reason = f"on data set {dataset!r} it exists only after phase {self.assigns_after!r}"
            return reason, "use it in a later phase"
        if part not in self.provides:
            return f"the method has no {part}", remedy
        reason = f"on data set {dataset!r} {part} are not initialized before this phase ends"
        return reason, f"name this phase in {phases}"


@cache
def _parts_of_strategies() -> Mapping[str, tuple[str, str]]:
    """Return each part that a phase initializes -> how to get it, and the key with its phases."""
    return {
        words["x-initializes"]: (_how_to_get(words["x-initializes"]), key)
        for stem in STRATEGIES.schemas
        for key, words in STRATEGIES.properties(stem).items()
        if "x-initializes" in words
    }


def _how_to_get(part: str) -> str:
    """Return a remedy: the key that provides a part, or the strategies that own it."""
    for stem in STRATEGIES.schemas:
        for key, words in STRATEGIES.properties(stem).items():
            if words.get("x-provides") == part:
                return f"add {key} to the cluster assignment strategy"
    owners = [s for s, schema in STRATEGIES.schemas.items() if part in schema.get("x-provides", ())]
    return f"take a cluster assignment strategy that has one: {' or '.join(owners)}"


def hard_part(strategy: Node) -> Node | None:
    """Return the strategy or the component that it assigns by, if its assignments are hard."""
    others = {"x-framework", "x-parts", "x-start-only"}
    children = (node for node in strategy.children() if not node.keywords.keys() & others)
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
    strategy = _Strategy(
        provides=frozenset(strategy_parts(node)),
        phases=phases_of_parts(node),
        assigns_by=frozenset(_assigning_parts(node)),
        assigns_after=next((text(entry, key) for key in ready_after), None),
        hard_part=hard_part(node),
    )
    changed = {w["x-part-changes"]["part"] for k, w in _changes(node) if k in entry}
    if (strategy.assigns_by | changed) - strategy.provides:
        return None  # the schema reports it
    return strategy if _is_declared(data, strategy) else None


def _assigning_parts(node: Node) -> set[str]:
    """Return the parts that a phase initializes and assignments are computed from."""
    own = node.union("x-provides") & phases_of_parts(node).keys()
    return own | (node.union("x-needs") & _parts_of_strategies().keys())


def _changes(node: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the keys that say how a part changes."""
    return ((k, words) for k, words in node.properties.items() if "x-part-changes" in words)


def _is_declared(data: Data, strategy: _Strategy) -> bool:
    """Whether all phases that the settings name exist; `references` reports those that do not."""
    named = {phase for phases in strategy.phases.values() for phase in phases}
    named |= {strategy.assigns_after} if strategy.assigns_after is not None else set()
    for _, dataset in objects(data, "datasets"):
        named |= {*texts(dataset, "phases")}
    return named <= {*names(objects(data, "phases"))}


def _phases(data: Data, strategy: _Strategy) -> Iterator[tuple[str, str, dict[str, Any], Missing]]:
    """Yield the path of each data set with path, entry and unmet needs of each phase on it.

    Both come in running order.
    """
    existing: set[str] = set()
    for place, dataset in in_order(data, "datasets"):
        if dataset.get("reinitialize_mappings") is not False:
            existing = set()
        for path, phase in in_order(data, "phases"):
            name = text(phase, "name")
            if name not in texts(dataset, "phases"):
                continue
            existing |= {part for part, phases in strategy.phases.items() if name in phases}
            missing = strategy.missing(existing, str(dataset.get("name")))
            yield place, path, phase, missing
            if name == strategy.assigns_after:
                existing |= {"clusters", *(strategy.provides - strategy.phases.keys())}


def _unmet(path: str, phase: dict[str, Any], missing: Missing, nodes: Nodes) -> Iterator[Problem]:
    for place, need in _uses(path, phase, nodes):
        if need in missing:
            reason, remedy = missing[need]
            yield Problem(place, f"it needs {need.replace('_', ' ')}, but {reason}", remedy)
    criteria = subobject(phase, "exit_criteria")
    needs_evaluations = all(key.startswith(_ON_EVALUATIONS) for key in criteria)
    if criteria and needs_evaluations and "assignments" in missing:
        message = f"it never ends: evaluations need assignments, but {missing['assignments'][0]}"
        yield Problem(child(path, "exit_criteria"), message, "add iterations or epochs")


def _unmet_by_sampling(
    dataset: str, of_phases: Sequence[Missing], nodes: Nodes
) -> Iterator[Problem]:
    """Check that the needs of a sampling are met in some phase; it makes do until then."""
    path = child(dataset, "sampling")
    for need in sorted(nodes[path].union("x-needs")) if path in nodes else ():
        if all(need in missing for missing in of_phases):
            reason, _ = of_phases[-1][need]
            others = [s for s, schema in SAMPLINGS.schemas.items() if "x-needs" not in schema]
            message = f"it needs {need.replace('_', ' ')}, but {reason}"
            yield Problem(path, message, f"take one of these: {listed(others)}")


def _uses(path: str, phase: dict[str, Any], nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Yield JSON path and need of everything in a phase that uses parts or assignments.

    Soft assignments come first: hard ones do not become soft in a later phase.
    """
    for place, pattern in enabled(phase, "design_patterns", path):
        needs = nodes[place].union("x-needs")
        if "classifier_name" in pattern:  # a classifier assigns from the start
            needs -= {"assignments", "soft_assignments"}
        yield from ((place, need) for need in sorted(needs, reverse=True))
    for optimizer in objects(phase, "optimizers", path):
        yield from ((place, part) for part, place in trained_parts(optimizer).items())
    for place, part, _ in (*loaded_parts((path, phase)), *saved_parts((path, phase))):
        yield place, part
    if isinstance(phase.get("validation"), dict):
        yield child(path, "validation"), "assignments"
