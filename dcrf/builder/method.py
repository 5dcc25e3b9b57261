"""From configuration to a `Method`: mappings, centroids, strategy."""

from collections.abc import Mapping as Table

from torch import nn

from dcrf.assignment.centroids import Centroids
from dcrf.assignment.classifier import LABELLED_PREFIX
from dcrf.assignment.single_classifier import SingleClassifier
from dcrf.builder.components import build_component, located
from dcrf.builder.optimizers import build_exit_criteria
from dcrf.config.model import MappingConfig, MethodConfig, Options
from dcrf.mappings.layers import bind_function, build_layer, initialise
from dcrf.mappings.mapping import Mapping
from dcrf.registry import STRATEGIES
from dcrf.streams import Streams, global_seed
from dcrf.training.exit_criteria import needs_labels
from dcrf.training.method import Method


def build_method(config: MethodConfig, n_clusters: int, streams: Streams) -> Method:
    """Make the mappings with fresh parameters, the strategy and the centroids.

    Raises:
        ConfigError: a layer or function cannot be made with the arguments that it is given.
    """
    mappings = build_mappings(config, streams)
    centroids = Centroids(n_clusters)
    classifiers = build_classifiers(config, mappings, n_clusters)
    with located(config.strategy.path, config.source):
        assignment = build_component(
            STRATEGIES,
            config.strategy.stem,
            config.strategy.options,
            {"feature_extractor": mappings, "mapping": mappings, "classifier": classifiers},
            {
                "centroids": centroids,
                "classifiers": classifiers,
                "n_clusters": n_clusters,
                "generator": streams.generator("strategy"),
            },
        )
    return Method(mappings, assignment, centroids)


def build_mappings(config: MethodConfig, streams: Streams) -> dict[str, Mapping]:
    """Make all mappings, in the order of the file, each from a random stream of its own."""
    entries = {entry.name: entry for entry in config.mappings}
    made: dict[str, Mapping] = {}

    def made_or_make(name: str) -> Mapping:
        if name not in made:
            prior = entries[name].prior_mapping_name
            before = made_or_make(prior) if prior else None
            with global_seed(streams.seed_of("initialization", name)):
                made[name] = _build_mapping(entries[name], before, config)
        return made[name]

    return {name: made_or_make(name) for name in entries}


def build_classifiers(
    config: MethodConfig, mappings: Table[str, Mapping], n_clusters: int
) -> dict[str, SingleClassifier]:
    """Make an assignment of every classifier, by the classifier's name."""
    return {
        entry.name: SingleClassifier(
            mappings[entry.name], n_clusters, _features_for(entry, config, mappings)
        )
        for entry in config.mappings
        if entry.type.endswith("_classifier")
    }


def label_informed(config: MethodConfig) -> bool:
    """Whether labels decide anything: the end of a phase, or which classifier to take."""
    criteria = [c for phase in config.phases for c in build_exit_criteria(phase.exit_criteria)]
    selection = str(config.strategy.options.get("classifier_selection_criterion", ""))
    return selection.startswith(LABELLED_PREFIX) or any(map(needs_labels, criteria))


def _build_mapping(entry: MappingConfig, prior: Mapping | None, config: MethodConfig) -> Mapping:
    named: dict[str, nn.Module] = {}
    layers = []
    for index, layer in enumerate(entry.layers):
        with located(f"{entry.path}.layers[{index}]", config.source):
            layers.append(build_layer(layer, named))
    for index, wanted in enumerate(entry.layer_initialization):
        with located(f"{entry.path}.layer_initialization[{index}]", config.source):
            initialise_layers(wanted, named)
    names = {layer["name"]: i for i, layer in enumerate(entry.layers) if "name" in layer}
    return Mapping(
        layers,
        layer_names=names,
        prior=prior,
        before=[bind_function(f) for f in entry.pre_processing_functions],
        after=[bind_function(f) for f in entry.post_processing_functions],
        softmax_layer=names[entry.softmax_layer_name] if entry.softmax_layer_name else None,
        bf16=config.precision == "bf16",
        compiled=config.compile,
    )


def initialise_layers(entry: Options, named: Table[str, nn.Module]) -> None:
    """Give named layers the initial parameters that an entry asks for."""
    own = ("layer_names", "weight_type", "type")
    arguments = {key: value for key, value in entry.items() if key not in own}
    for name in entry["layer_names"]:
        initialise(named[name], entry["weight_type"], entry["type"], arguments)


def _features_for(
    entry: MappingConfig, config: MethodConfig, mappings: Table[str, Mapping]
) -> Mapping | None:
    """Return what runs before a classifier, unless it already follows a feature extractor."""
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
