"""Random methods that follow the rules of the language. Their parts may not fit together."""

import inspect
import json
from pathlib import Path
from random import Random
from typing import Any

from dcrf.schema.registry import DESIGN_PATTERNS, METRICS
from tests.cases.tiny import ENTRIES
from tests.fuzz import kinds, nets
from tests.fuzz.data import dataset

Entry = dict[str, Any]
SIMILARITY = "feature_representation_centroid_similarity"
AFTER = "classical_clustering_in_feature_space_after_phase"
MIXTURE = "mixture"
DRAWN = [
    name
    for name, entry in ENTRIES.items()
    if "bounded" not in entry.values()
    and "path" not in entry
    and "x-batch" not in DESIGN_PATTERNS.schemas[DESIGN_PATTERNS.stems[entry["pattern"]]]
]
"""The entries of patterns, but those that some data are out of range for, or that data must fit."""


def random_method(seed: int) -> Entry:
    """Return the content of a method file."""
    random = Random(seed)
    data, shape = dataset(random, "first")
    code = random.choice([2, 3, 5])
    names = ["pretraining", "finetuning"][: random.choice([1, 2, 2])]
    strategy = _strategy(random, names)
    phases = [_phase(random, name, order, strategy) for order, name in enumerate(names)]
    datasets = [data]
    if random.random() < 0.15:
        other = (
            dataset(random, "second")[0] if random.random() < 0.3 else {**data, "name": "second"}
        )
        keeps = {"reinitialize_mappings": False, "num_clusters": data["num_clusters"]}
        datasets.append({**other, "order": 1, **(keeps if random.random() < 0.5 else {})})
    return {
        "name": f"fuzz {seed}",
        "device": "cpu",
        "mappings": _mappings(random, shape, code, data["num_clusters"]),
        "cluster_assignment_strategy": strategy,
        "phases": phases,
        "datasets": datasets,
        "reclusterings": kinds.reclusterings(random, names),
        "metrics": random.sample(sorted(METRICS.schemas), random.choice([0, 0, 1, 3])),
    }


def _mappings(random: Random, shape: tuple[int, ...], code: int, clusters: int) -> list[Entry]:
    size = 1
    for side in shape:
        size *= side
    clusters = nets.nearly(random, clusters)
    specific = "design_pattern_specific"
    flat = [{"type": "Flatten"}]
    after = {"prior_mapping_name": "encoder"}
    normalize = {"function_name": "normalize", "dim": random.choice([1, 1, 1, 4])}
    after_all = {"post_processing_functions": [normalize]} if random.random() < 0.15 else {}
    spectral = {"type": "orthonormalize", "num_features": code}
    return [
        _mapping("feature_extractor", "encoder", nets.encoder(random, shape, code), **after_all),
        _mapping(specific, "decoder", nets.decoder(random, shape, code)),
        _mapping(specific, "critic", [*flat, *nets.head(random, size, 1)]),
        _mapping(specific, "discriminator", [*flat, *nets.head(random, size, 1, "Sigmoid")]),
        _mapping(specific, "head", nets.head(random, code, 4), **after),
        _mapping(specific, "log_variance", [*flat, *nets.head(random, size, code)]),
        _mapping(specific, "spectral_mapping", [*flat, *nets.head(random, size, code), spectral]),
        _mapping(specific, "sigmoid_encoder", nets.sigmoids(size, code)),
        _mapping(
            "feature_space_classifier", "classifier", nets.head(random, code, clusters, "Softmax")
        ),
        _mapping("sample_space_classifier", "direct", [*flat, *nets.head(random, size, clusters)]),
    ]


def _mapping(kind: str, name: str, layers: list[Entry], **others: Any) -> Entry:
    return {"type": kind, "name": name, "layers": layers, **others}


def _strategy(random: Random, phases: list[str]) -> Entry:
    kind = random.choice(["classifier", SIMILARITY, SIMILARITY, AFTER, MIXTURE])
    if kind == MIXTURE:
        return kinds.mixture(random, phases)
    if kind == AFTER:
        method = kinds.clustering(random, of_a_number=True)
        after = {"classical_clustering_method_after_phase": method}
        return {"type": AFTER, AFTER: random.choice(phases), **after, **kinds.features(random)}
    centroids: Entry = {
        "centroid_initialization_strategy": random.choice(
            [
                "classical_clustering",
                "random_feature_representations",
                "random_uniform_noise",
                "fixed_axes",
            ]
        ),
        "centroid_initialization_classical_clustering_method": kinds.clustering(
            random, of_a_number=True
        ),
        "centroid_recalculation_strategy": "recalculation_by_design_pattern",
        "use_centroids_during_phases": phases[random.choice([0, -1]) :],
    }
    if random.random() < 0.2:
        centroids |= {
            "centroid_recalculation_strategy": "classical_clustering",
            "centroid_recalculation_classical_clustering_method": kinds.clustering(
                random, of_a_number=True
            ),
            "centroid_recalculation_interval": 2,
        }
    if kind == "classifier":
        criteria = ["first_declared", "average", "highest_last_acc", "name"]
        criterion = random.choice(criteria)
        named = {"classifier_name": "direct"} if criterion == "name" else {}
        chosen = {"type": kind, "classifier_selection_criterion": criterion, **named}
        return chosen | (centroids if random.random() < 0.4 else {})
    measure: Entry = {"similarity_measure": "student_t"}
    if random.random() < 0.4:
        measure = {
            "similarity_measure": "gaussian",
            "gaussian_similarity_measure_inverse_temperature": {"fixed_value": 0.5},
        }
    return {"type": kind, **measure, **centroids, **kinds.features(random)}


def _phase(random: Random, name: str, order: int, strategy: Entry) -> Entry:
    has_centroids = name in strategy.get("use_centroids_during_phases", ())
    has_mixture = name in strategy.get("use_mixture_during_phases", ())
    patterns = [
        _pattern(random, strategy, has_centroids, has_mixture)
        for _ in range(random.choice([1, 1, 2, 3]))
    ]
    trained = ["encoder", "decoder", "head", "classifier", "direct"]
    kind = random.choice(
        [
            "Adam",
            "SGD",
            "AdamW",
            "RMSprop",
            "Adafactor",
            "Rprop",
            "NAdam",
            "Adagrad",
        ]
    )
    phase: Entry = {
        "name": name,
        "order": order,
        "exit_criteria": {"iterations": 3},
        "design_patterns": patterns,
        "optimizers": [
            {
                "type": kind,
                "lr": 0.0001,
                "trained_mapping_names": random.sample(trained, random.choice([1, 2, 5])),
                "optimizes_centroids": has_centroids and random.random() < 0.5,
                "trained_parts": ["assignment"] if has_mixture and random.random() < 0.5 else [],
            },
            {
                "type": "Adam",
                "lr": 0.0001,
                "group_name": "critic",
                "trained_mapping_names": ["critic", "discriminator"],
            },
        ],
    }
    if random.random() < 0.4:
        phase["performance_evaluation_interval"] = 2
        if random.random() < 0.5:
            phase["exit_criteria"]["performance_evaluation_acc_gt"] = 0.99
    _extras(random, phase, ["encoder.pth"])
    kinds.add_extras(random, phase)
    return phase


def _pattern(random: Random, strategy: Entry, has_centroids: bool, has_mixture: bool) -> Entry:
    stem = random.choice(DRAWN)
    while _lacks_clusters(stem, strategy, has_centroids) and random.random() < 0.97:
        stem = random.choice(DRAWN)
    chosen = json.loads(json.dumps(ENTRIES[stem]))
    for key, value in chosen.items():
        if "batch_augmentation_name" in key:
            chosen[key] = {"noisy": "one"}.get(value, "two")
        if key == "encoder_decoder_layer_pairs":
            for number, pair in enumerate(value):
                pair["train_for_iterations"] = 1 + number
    assigns = "assignment" in signature_of(stem) and "centroid" not in str(chosen)
    lacks = (
        strategy["type"] == AFTER
        or (strategy["type"] == SIMILARITY and not has_centroids)
        or (strategy["type"] == MIXTURE and not has_mixture)
    )
    if assigns and random.random() < (0.97 if lacks else 0.2):
        chosen["classifier_name"] = random.choice(["classifier", "direct"])
    known = DESIGN_PATTERNS.properties(DESIGN_PATTERNS.stems[chosen["pattern"]])
    if "loss_weight" in known and random.random() < 0.5:
        chosen["loss_weight"] = kinds.scheduled(random, 1.0)
    return chosen


def _lacks_clusters(name: str, strategy: Entry, has_centroids: bool) -> bool:
    """Whether a pattern needs centroids or strategies that the method has not."""
    stem = DESIGN_PATTERNS.stems[ENTRIES[name]["pattern"]]
    strategies = DESIGN_PATTERNS.schemas[stem].get("x-strategies", [strategy["type"]])
    needs_centroids = "centroid" in str(ENTRIES[name])
    return strategy["type"] not in strategies or (needs_centroids and not has_centroids)


def signature_of(name: str) -> set[str]:
    """Return the names of the constructor arguments of a pattern."""
    stem = DESIGN_PATTERNS.stems[ENTRIES[name]["pattern"]]
    return set(inspect.signature(DESIGN_PATTERNS.resolve(stem)).parameters)


def _extras(random: Random, phase: Entry, folder_names: list[str]) -> None:
    """Add schedulers, saves, loads and other exit criteria to some phases."""
    first = phase["optimizers"][0]
    if random.random() < 0.2:
        first["name"] = "main"
        schedulers = [
            {"type": "StepLR", "step_size": random.choice([1, 2])},
            {"type": "CosineAnnealingLR", "T_max": 3},
            {"type": "OneCycleLR", "max_lr": 0.001, "total_steps": random.choice([2, 9])},
            {"type": "CyclicLR", "base_lr": 0.0001, "max_lr": 0.001},
        ]
        step = random.choice(["epoch", "iteration"])
        chosen = {**random.choice(schedulers), "optimizer_name": "main", "step": step}
        phase["optimizer_learning_rate_schedulers"] = [chosen]
    if random.random() < 0.2:
        phase["save_mapping_parameters"] = [
            {"mapping_name": "encoder", "path_to_file_or_dir": folder_names[0]}
        ]
    if random.random() < 0.1 and phase["order"]:
        name = "encoder" if random.random() < 0.8 else "decoder"
        load = {"mapping_name": name, "path_to_file": folder_names[0]}
        phase["load_mapping_parameters"] = [load]
    if random.random() < 0.1:
        phase["exit_criteria"] = {"epochs": 1, "iterations": 4}


def write(folder: Path, method: Entry) -> Path:
    """Write a method file."""
    file = folder / "method.json"
    file.write_text(json.dumps(method))
    return file
