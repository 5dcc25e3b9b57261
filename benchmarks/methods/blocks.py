"""Building blocks of a method in the taxonomy of Aljalbout et al. (arXiv 1801.07648, section 2).

A pattern is a clustering loss if it needs centroids or assignments, else a non-clustering loss. Its
schema may say otherwise by `x-building-block`, an object of a block and the taxonomy's name.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dcrf.config.method_config import MethodConfig, PatternConfig, PhaseConfig
from dcrf.schema.registry import CLUSTERINGS, DESIGN_PATTERNS, STRATEGIES

ARCHITECTURE, FEATURES = "architecture", "features"
NON_CLUSTERING, CLUSTERING = "non_clustering_loss", "clustering_loss"
COMBINATION, UPDATES, AFTER = "combination", "updates", "after_training"

HEADINGS = {
    ARCHITECTURE: "architecture",
    FEATURES: "features",
    NON_CLUSTERING: "non-clustering loss",
    CLUSTERING: "clustering loss",
    COMBINATION: "combination of losses",
    UPDATES: "cluster updates",
    AFTER: "after training",
}
"""Block -> heading, in the order of the taxonomy."""

_NETWORKS = {"Conv": "CNN", "LSTM": "RNN", "GRU": "RNN", "Transformer": "Transformer"}
"""Part of the name of a layer of torch -> architecture; without any, a network is an MLP."""
_CLUSTERED = {"assignment", "assignments", "centroids", "soft_assignments"}
"""The needs of patterns whose losses depend on clusters."""


def blocks_of(config: MethodConfig) -> dict[str, tuple[str, ...]]:
    """Return block -> names of what the method has of it, for every key of `HEADINGS`."""
    patterns = [pattern for phase in config.phases for pattern in phase.design_patterns]
    by_patterns: dict[str, list[str]] = {}
    for pattern in patterns:
        for block, name in _blocks_of_pattern(pattern).items():
            by_patterns.setdefault(block, []).append(name)
    values: dict[str, Iterable[str]] = {
        ARCHITECTURE: [*_networks(config), *by_patterns.get(ARCHITECTURE, ())],
        FEATURES: [_features(config)],
        NON_CLUSTERING: by_patterns.get(NON_CLUSTERING, ()),
        CLUSTERING: by_patterns.get(CLUSTERING, ()),
        COMBINATION: _combination(config),
        UPDATES: [*_updates(config), *by_patterns.get(UPDATES, ())],
        AFTER: [*_after_training(config), *by_patterns.get(AFTER, ())],
    }
    return {block: tuple(dict.fromkeys(values[block])) for block in HEADINGS}


def _blocks_of_pattern(pattern: PatternConfig) -> Mapping[str, str]:
    schema = DESIGN_PATTERNS.schemas[pattern.stem]
    if "x-building-block" in schema:
        return schema["x-building-block"]
    branches = [schema, *(branch.get("then", {}) for branch in schema.get("allOf", ()))]
    needs = {need for branch in branches for need in branch.get("x-needs", ())}
    if not pattern.groups:
        return {UPDATES: pattern.stem}
    return {CLUSTERING if needs & _CLUSTERED else NON_CLUSTERING: pattern.stem}


def _networks(config: MethodConfig) -> Iterator[str]:
    """Yield the architecture of the mappings that clusters are formed in."""
    mappings = {mapping.name: mapping for mapping in config.mappings}
    extractor = config.features.mapping_name
    names = [extractor] if extractor in mappings else list(mappings)
    while (prior := mappings[names[-1]].prior_mapping_name) is not None:
        names.append(prior)
    types = [kind for name in names for kind in _layer_types(mappings[name].layers)]
    found = {network for part, network in _NETWORKS.items() for kind in types if part in kind}
    yield from sorted(found)
    if not found and "Linear" in types:
        yield "MLP"


def _layer_types(layers: Any) -> Iterator[str]:
    """Yield the types of layers, including those inside others."""
    if isinstance(layers, Mapping):
        if isinstance(layers.get("type"), str):
            yield layers["type"]
        yield from _layer_types(list(layers.values()))
    elif isinstance(layers, list | tuple):
        for layer in layers:
            yield from _layer_types(layer)


def _features(config: MethodConfig) -> str:
    layers = config.features.layer_names
    return f"{len(layers)} layers" if len(layers) > 1 else "one layer"


def _combination(config: MethodConfig) -> Iterator[str]:
    """Yield how the weights of both kinds of losses change over the phases."""
    kinds = [_kinds(phase) for phase in config.phases if phase.trains]
    kinds = [kind for kind in kinds if kind]
    names = {
        frozenset({NON_CLUSTERING}): "pretraining",
        frozenset({CLUSTERING}): "clustering alone",
        frozenset({NON_CLUSTERING, CLUSTERING}): "joint",
    }
    steps = [names[kind] for kind in kinds]
    steps = [step for number, step in enumerate(steps) if number == 0 or steps[number - 1] != step]
    if steps:
        yield ", then ".join(steps)
    patterns = [pattern for phase in config.phases for pattern in phase.design_patterns]
    if any(not isinstance(weight, int | float) for p in patterns for weight in p.weights.values()):
        yield "scheduled weights"


def _kinds(phase: PhaseConfig) -> frozenset[str]:
    """Return the kinds of losses in a phase."""
    blocks = {block for pattern in phase.design_patterns for block in _blocks_of_pattern(pattern)}
    return frozenset(blocks & {NON_CLUSTERING, CLUSTERING})


def _updates(config: MethodConfig) -> Iterator[str]:
    """Yield how clusters change in training: with the network, or in turns with it."""
    patterns = [pattern for phase in config.phases for pattern in phase.design_patterns]
    stems = {pattern.stem for pattern in patterns}
    if any(DESIGN_PATTERNS.schemas[stem].get("x-updates") for stem in stems):
        yield "alternating"
    for words, value in _strategy_values(config):
        changes = words.get("x-part-changes", {})
        if changes and value not in (changes["never"], changes["by_training"]):
            yield "alternating"
    trained = {
        part for phase in config.phases for o in phase.optimizers for part in o.trained_parts
    }
    needs = STRATEGIES.schemas[config.strategy.stem].get("x-needs", ())
    if trained & config.parts.keys() or "classifiers" in needs:
        yield "joint"


def _after_training(config: MethodConfig) -> Iterator[str]:
    """Yield the clusterings that are fitted once features are learned."""
    properties = STRATEGIES.properties(config.strategy.stem)
    if any(words.get("x-ready-after") for words in properties.values()):
        for words, value in _strategy_values(config):
            if words.get("x-component") == CLUSTERINGS.kind and "x-parts" not in words:
                yield str(CLUSTERINGS.entry(value)[CLUSTERINGS.key])
    for reclustering in config.reclusterings:
        yield f"again {reclustering.clustering[CLUSTERINGS.key]}"


def _strategy_values(config: MethodConfig) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Yield the keywords and the value of every key of the cluster assignment strategy."""
    properties = STRATEGIES.properties(config.strategy.stem)
    for key, value in config.filled["cluster_assignment_strategy"].items():
        yield properties.get(key, {}), value
