"""Count the mistakes in method files that validation reports at their place."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dcrf.config import load_checked, with_places
from dcrf.dry_run.check_method import check
from dcrf.dry_run.shapes import sample_shapes
from dcrf.errors import ConfigError
from dcrf.schema.registry import SCHEMA
from tests.fuzz.mutations import Mutation, mutations

ROOT = SCHEMA.parent
VALID = {
    "negated number": {"order", "dim", "unflattened_size", "shear"}
    | {"loss_weight", "autoencoder_loss_weight"},
    "zeroed number": {"order", "loss_weight", "lr", "momentum", "translate", "shear", "degrees"},
}
"""Kind of mutation -> keys for which the mutated number is valid.

An order may be any number. A negative dimension counts from the end, and a size of -1 is computed
from the others. A negative weight maximizes. Rates, angles and distances of 0 end their range.
"""


def problem_paths(data: dict, file: Path) -> list[str]:
    """Write a file; return the paths of its problems."""
    file.write_text(json.dumps(data))
    try:
        config = load_checked(file, shapes_of=sample_shapes)
    except ConfigError as error:
        return [problem.path for problem in error.problems]
    try:
        check(config)
    except ConfigError as error:
        return [problem.path for problem in with_places(file, error.problems)]
    return []


def verdict_on(mutation: Mutation, file: Path) -> str:
    """Return `found` if a mistake is reported at its place, else `elsewhere` or `missed`."""
    paths = problem_paths(mutation.data, file)
    if {mutation.path, *mutation.around} & set(paths):
        return "found"
    return "elsewhere" if paths else "missed"


def count_verdicts(mistakes: Iterable[Mutation], folder: Path) -> tuple[Counter, list[str]]:
    """Return (kind, verdict) -> number, and a line for each mistake that is not found.

    Mutations that leave the file valid are not mistakes, and are skipped.
    """
    file = mutated_file(folder)
    counts: Counter = Counter()
    lines = []
    for mutation in mistakes:
        if is_valid(mutation):
            continue
        verdict = verdict_on(mutation, file)
        counts[mutation.kind, verdict] += 1
        if verdict != "found":
            lines.append(f"{verdict}: {mutation.kind} at {mutation.path}: {mutation.change}")
    return counts, lines


def shipped_mutations(folder: Path) -> list[Mutation]:
    """Return all mutations of all shipped configurations that extend no other.

    Their data folders are created in `folder`, empty.
    """
    (folder / "datasets").mkdir(exist_ok=True)
    for name in ("mnist", "fashion_mnist", "usps", "coil20"):
        (folder / "datasets" / name).mkdir(exist_ok=True)
    images, labels = np.zeros((1440, 32, 32), np.uint8), np.zeros(1440, np.int64)
    np.savez(folder / "datasets" / "coil20" / "coil20.npz", images=images, labels=labels)
    target = mutated_file(folder).parent
    target.mkdir(parents=True, exist_ok=True)
    files = sorted((ROOT / "configurations").rglob("*.json"))
    contents = [content for f in files if "extends" not in (content := json.loads(f.read_text()))]
    whole = [content for content in contents if not content.get("abstract")]
    return [mutation for content in whole for mutation in mutations(content, target)]


def mutated_file(folder: Path) -> Path:
    """Return the path that mutated files are written to."""
    return folder / "configurations" / "method" / "method.json"


def detection_rates(counts: Counter) -> tuple[float, float]:
    """Return the found shares of misspelt keys and of all other mistakes."""
    keys = {key: number for key, number in counts.items() if key[0] == "misspelt key"}
    others = {key: number for key, number in counts.items() if key[0] != "misspelt key"}
    return _share(keys), _share(others)


def is_valid(mutation: Mutation) -> bool:
    """Whether a mutated number is as valid as the original."""
    key = mutation.path.rstrip("]0123456789[").rpartition(".")[2]
    return key in VALID.get(mutation.kind, ())


def _share(counts: dict) -> float:
    n_found = sum(number for (_, verdict), number in counts.items() if verdict == "found")
    return n_found / max(1, sum(counts.values()))
