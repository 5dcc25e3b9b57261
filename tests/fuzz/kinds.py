"""Random entries of every kind of part, from the cases of the contract tests."""

import json
from pathlib import Path
from random import Random
from typing import Any

from dcrf.schema.registry import CLUSTERINGS

Entry = dict[str, Any]
CASES = Path(__file__).parents[1] / "cases"
FORMS = ("identity", "spherical", "diagonal", "full")


def case(random: Random, kind: str) -> Entry:
    """Return the smallest entry of a random part of a kind."""
    return json.loads(random.choice(sorted((CASES / kind).glob("*.json"))).read_text())


def clustering(random: Random, *, of_a_number: bool) -> Entry | str:
    """Return a clustering, by its name alone in some cases.

    Args:
        random: draws it.
        of_a_number: whether it forms the given number of clusters, whatever the samples.
    """
    entry = case(random, "clusterings")
    while of_a_number and _decided_by_samples(entry["method"]):
        entry = case(random, "clusterings")
    return entry["method"] if random.random() < 0.3 else entry


def _decided_by_samples(method: str) -> bool:
    """Whether the samples decide how many clusters there are, and whether some are empty."""
    schema = CLUSTERINGS.schemas[CLUSTERINGS.stems[method]]
    return bool(schema.get("x-finds-number") or schema.get("x-baseline"))


def scheduled(random: Random, value: float) -> Any:
    """Return a number, or a schedule in its place in some cases."""
    return case(random, "schedules") if random.random() < 0.2 else value


def features(random: Random) -> Entry:
    """Return the key `features` for some entries: layers of the encoder."""
    if random.random() < 0.7:
        return {}
    layers = random.choice([["inner"], ["outer", "inner"], ["inner", "activation"]])
    normalize = random.choice(["none", "l2", "z_score"])
    return {"features": {"mapping_name": "encoder", "layer_names": layers, "normalize": normalize}}


def mixture(random: Random, phases: list[str]) -> Entry:
    """Return a strategy with parameters of its own."""
    starts = ["clustering", "clustering", "uniform", "axes"]
    return {
        "type": "mixture",
        "distribution": random.choice(["normal", "cauchy"]),
        "means": {"start": random.choice(starts), "trainable": random.random() < 0.7},
        "covariances": {
            "form": random.choice(FORMS),
            "start": "identity",  # the samples decide whether those of clusters are positive
            "trainable": random.random() < 0.5,
        },
        "weights": {
            "start": random.choice(["uniform", "clustering"]),
            "trainable": random.random() < 0.5,
        },
        "clustering": clustering(random, of_a_number=True),
        "use_mixture_during_phases": phases[random.choice([0, -1]) :],
        **features(random),
    }


def reclusterings(random: Random, phases: list[str]) -> list[Entry]:
    """Return no reclustering, or one."""
    if random.random() < 0.8:
        return []
    entry: Entry = {
        "name": "beside",
        "clustering": clustering(random, of_a_number=False),
        **features(random),
    }
    return [{**entry, "after_phase": random.choice(phases)} if random.random() < 0.5 else entry]


def add_extras(random: Random, phase: Entry) -> None:
    """Add clipping and frozen parts to some phases."""
    if random.random() < 0.1:
        kind = random.choice(["norm", "value"])
        phase["gradient_clipping"] = {kind: scheduled(random, 1.0)}
    if random.random() < 0.1:
        phase["frozen_parts"] = [random.choice(["encoder", "encoder.inner", "decoder", "head"])]
