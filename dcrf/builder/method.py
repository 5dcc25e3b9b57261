"""Build a `Method`: mappings, shared parts and strategy."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.assignment.clustered_features import ClusteredFeatures
from dcrf.assignment.lifecycle import Lifecycle
from dcrf.assignment.shared_parts import SHARED_PARTS
from dcrf.batch import Place
from dcrf.builder.components import (
    At,
    Parts,
    build_component,
    build_entry,
    call,
    located,
    raising,
)
from dcrf.builder.optimizers import build_exit_criteria
from dcrf.config.layer_references import meant_layers
from dcrf.config.method_config import (
    FeaturesConfig,
    MappingConfig,
    MethodConfig,
    Options,
    ReclusteringConfig,
)
from dcrf.config.safe_lookup import objects_within
from dcrf.mappings.build_layers import (
    BuiltLayers,
    References,
    TensorFunction,
    bind_function,
    build_layer,
    check_sizes,
    initialize,
)
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams, global_seed
from dcrf.schema.registry import CLUSTERINGS, DESIGN_PATTERNS, METRICS, STRATEGIES
from dcrf.training.exit_criteria import needs_labels
from dcrf.training.method import Method

Places = dict[nn.Module, str]
"""Layer, function or mapping -> its JSON path."""

ReadTensor = Callable[[Path, str], Tensor]
"""Reads the tensor with a name from a file. Raises DataError if the file lacks it."""


def build_method(
    config: MethodConfig,
    n_clusters: int,
    streams: RandomStreams,
    read_tensor: ReadTensor,
    places: Places | None = None,
) -> Method:
    """Build the mappings with initial parameters, the strategy and its parts.

    Args:
        config: of the method.
        n_clusters: k of the data set.
        streams: of the run.
        read_tensor: reads files that parts are initialized from.
        places: is filled with all layers, functions and mappings, nested ones included.

    Raises:
        ConfigError: a layer, function or strategy rejects its arguments.
    """
    mappings = build_mappings(config, streams, places)
    classifiers = build_classifiers(config, mappings, n_clusters)
    references: Parts = {
        "feature_extractor": mappings,
        "mapping": mappings,
        "classifier": classifiers,
    }
    shared = {name: build(n_clusters) for name, (build, _) in SHARED_PARTS.items()}
    features = _features(config.features, mappings)
    injected = {
        **shared,
        "classifiers": classifiers,
        "features": features,
        "generator": streams.checkpointed_generator("strategy"),
        "n_clusters": n_clusters,
        "read_tensor": read_tensor,
        "streams": streams,
    }
    with located(config.strategy.path, config.source):
        lifecycles = _lifecycles(config, references, injected)
        stem, options = config.strategy.stem, config.strategy.options
        assignment = build_component(STRATEGIES, stem, options, references, injected)
    reclusterings = {
        entry.name: _reclustering(entry, config, mappings, n_clusters, streams)
        for entry in config.reclusterings
    }
    return Method(mappings, assignment, shared, lifecycles, reclusterings, features)


def _reclustering(
    entry: ReclusteringConfig,
    config: MethodConfig,
    mappings: Mapping[str, TrainableMapping],
    n_clusters: int,
    streams: RandomStreams,
) -> ClusteredFeatures:
    phases = {dataset.name: config.phases_on(dataset) for dataset in config.datasets}
    places = [
        Place(dataset, phase.name)
        for dataset, own in phases.items()
        for phase in own
        if phase.name == (entry.after_phase or own[-1].name)
    ]
    with located(f"{entry.path}.clustering", config.source):
        clustering = build_entry(CLUSTERINGS, entry.clustering, {}, {})
    features = Features(
        mappings[entry.features.mapping_name], entry.features.layer_names, entry.features.normalize
    )
    generator = streams.checkpointed_generator("reclustering", entry.name)
    return ClusteredFeatures(features, clustering, n_clusters, generator, places)


def _features(entry: FeaturesConfig, mappings: Mapping[str, TrainableMapping]) -> Features | None:
    if entry.mapping_name not in mappings:  # no strategy that needs features gets this far
        return None
    return Features(mappings[entry.mapping_name], entry.layer_names, entry.normalize)


def _lifecycles(
    config: MethodConfig, references: Parts, injected: Mapping[str, Any]
) -> dict[str, Lifecycle]:
    """Return shared part -> its lifecycle, for each part that the strategy configures."""
    properties = STRATEGIES.properties(config.strategy.stem)
    return {
        name: call(lifecycle, properties, config.parts[name].options, references, injected)
        for name, (_, lifecycle) in SHARED_PARTS.items()
        if name in config.parts
    }


def build_mappings(
    config: MethodConfig, streams: RandomStreams, places: Places | None = None
) -> dict[str, TrainableMapping]:
    """Build all mappings in the order of the file, each with a random stream of its own."""
    entries = {entry.name: entry for entry in config.mappings}
    built: dict[str, TrainableMapping] = {}
    shared: dict[int, nn.Module] = {}

    def build_once(name: str) -> TrainableMapping:
        if name not in built:
            prior = entries[name].prior_mapping_name
            before = build_once(prior) if prior else None
            with global_seed(streams.seed_for("initialization", name)):
                at = raising(config.source)
                built[name] = build_mapping(entries[name], before, config, at, places, shared)
        return built[name]

    return {name: build_once(name) for name in entries}


def build_classifiers(
    config: MethodConfig, mappings: Mapping[str, TrainableMapping], n_clusters: int
) -> dict[str, ClassProbabilities]:
    """Return classifier name -> the assignment by that classifier."""
    return {
        entry.name: ClassProbabilities(
            mappings[entry.name], n_clusters, _features_for(entry, config, mappings)
        )
        for entry in config.mappings
        if entry.type.endswith("_classifier")
    }


def label_informed(config: MethodConfig) -> bool:
    """Return whether labels decide when a phase ends, what it keeps or how samples are assigned."""
    properties = STRATEGIES.properties(config.strategy.stem)
    assigns_by_labels = any(
        value in properties[key].get("x-label-informed", ())
        for key, value in config.strategy.options.items()
    )
    criteria = [c for phase in config.phases for c in build_exit_criteria(phase.exit_criteria)]
    validates_by_labels = any(
        METRICS.schemas[phase.validation["metric"]]["x-needs"] == ["labels"]
        for phase in config.phases
        if phase.validation is not None
    )
    return assigns_by_labels or validates_by_labels or any(map(needs_labels, criteria))


def trains_on_labels(config: MethodConfig) -> bool:
    """Return whether a pattern learns from labels, side targets or constraints."""
    stems = {pattern.stem for phase in config.phases for pattern in phase.design_patterns}
    schemas = [DESIGN_PATTERNS.schemas[stem] for stem in stems]
    return any(schema.get("x-label-informed") or "x-batch" in schema for schema in schemas)


def build_mapping(
    entry: MappingConfig,
    prior: TrainableMapping | None,
    config: MethodConfig,
    at: At,
    places: Places | None = None,
    shared: dict[int, nn.Module] | None = None,
) -> TrainableMapping:
    """Build a mapping.

    If `at` continues after an error, the mapping lacks that part and cannot be used.

    Args:
        entry: the mapping.
        prior: the mapping whose output is its input.
        config: of the method.
        at: handles errors.
        places: is filled with all layers, functions and mappings, nested ones included.
        shared: the layers that others refer to. Without it the mapping gets its own ones, with
            which it has the right sizes, but cannot run.
    """
    layers_by_name: dict[str, nn.Module] = {}
    places = {} if places is None else places
    references = References(partial(_meant, config, entry.name), {} if shared is None else shared)
    layers = []
    for index, layer in enumerate(entry.layers):
        path, built = f"{entry.path}.layers[{index}]", BuiltLayers()
        try:
            layers.append(build_layer(layer, layers_by_name, built, references))
            check_sizes(layers[-1])
            _place(places, layer, path, built)
        except Exception:  # `at` decides what follows
            with at(_path_of_failed(layer, path, references)):
                raise
    for index, initialization in enumerate(entry.layer_initialization):
        if len(layers) == len(entry.layers):  # no layer is missing
            with at(f"{entry.path}.layer_initialization[{index}]"):
                initialize_layers(initialization, layers_by_name)
    names = {layer["name"]: i for i, layer in enumerate(entry.layers) if "name" in layer}
    mapping = TrainableMapping(
        layers,
        layer_names=names,
        prior=prior,
        before=_functions(entry, "pre_processing_functions", at, places),
        after=_functions(entry, "post_processing_functions", at, places),
        softmax_layer=names[entry.softmax_layer_name] if entry.softmax_layer_name else None,
        use_bfloat16=config.precision == "bf16",
        compiled=config.compile,
    )
    places[mapping] = entry.path
    return mapping


def _meant(config: MethodConfig, mapping: str, reference: str) -> Options:
    """Return the entry of the one layer that a layer of a mapping refers to."""
    layers = [(m.name, f"{m.path}.layers", list(m.layers)) for m in config.mappings]
    ((_, entry),) = meant_layers(layers, mapping, reference).values()
    return entry


def _paths_within(entry: Options, path: str) -> dict[int, str]:
    """Return the id of every object of an entry -> its JSON path."""
    return {id(inner): place for place, inner in objects_within(entry, path)}


def _path_of_failed(entry: Options, path: str, references: References) -> str:
    """Return the JSON path of the innermost layer of an entry that could not be built."""
    paths = _paths_within(entry, path)
    found = [paths[id(failed)] for failed in references.failed if id(failed) in paths]
    return found[0] if found else path


def _place(places: Places, entry: Options, path: str, built: BuiltLayers) -> None:
    paths = _paths_within(entry, path)
    places.update((module, paths[id(inner)]) for inner, module in built)


def _functions(entry: MappingConfig, key: str, at: At, places: Places) -> list[TensorFunction]:
    functions = []
    for index, function in enumerate(getattr(entry, key)):
        with at(f"{entry.path}.{key}[{index}]"):
            functions.append(bind_function(function))
            places[functions[-1]] = f"{entry.path}.{key}[{index}]"
    return functions


def initialize_layers(entry: Options, layers_by_name: Mapping[str, nn.Module]) -> None:
    """Initialize the parameters of the layers that an entry names."""
    own = ("layer_names", "weight_type", "type")
    arguments = {key: value for key, value in entry.items() if key not in own}
    for name in entry["layer_names"]:
        initialize(layers_by_name[name], entry["weight_type"], entry["type"], arguments)


def _features_for(
    entry: MappingConfig, config: MethodConfig, mappings: Mapping[str, TrainableMapping]
) -> TrainableMapping | None:
    """Return the feature extractor of a classifier, None if its prior mappings include one."""
    extractor = entry.associated_feature_extractor_name
    if entry.type == "sample_space_classifier" or extractor is None:
        return None
    entries = {mapping.name: mapping for mapping in config.mappings}
    prior = entry.prior_mapping_name
    while prior is not None:
        if entries[prior].type == "feature_extractor":
            return None
        prior = entries[prior].prior_mapping_name
    return mappings[extractor]
