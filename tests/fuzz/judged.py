"""What becomes of a file with a mistake."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from dcrf.schema.registry import SCHEMA
from tests.fuzz.mutations import Mutation, mutations

ROOT = SCHEMA.parent
LEGAL = {
    "negated number": {"order", "dim", "unflattened_size"} | {"loss_weight", "shear"},
    "zeroed number": {"order", "loss_weight", "lr", "momentum", "translate", "shear", "degrees"},
}
"""Kind of a change -> the keys of numbers that may be changed like that.

An order may be any number, a dimension counts from the end, a size of -1 follows from the others, a
negative weight maximizes, and a rate, an angle or a distance of 0 is the end of its range.
"""


def problem_paths(data: dict, file: Path) -> list[str]:
    """Return the paths of all problems of a file, which is written first."""
    file.write_text(json.dumps(data))
    try:
        check(load_checked(file))
    except ConfigError as error:
        return [problem.path for problem in error.problems]
    return []


def judged(mutation: Mutation, file: Path) -> str:
    """Return whether a mistake is `found` where it is, `elsewhere`, or `missed`."""
    paths = problem_paths(mutation.data, file)
    if {mutation.path, *mutation.around} & set(paths):
        return "found"
    return "elsewhere" if paths else "missed"


def counted(mutations: Iterable[Mutation], file: Path) -> tuple[Counter, list[str]]:
    """Return (kind, verdict) -> number, and a line for each that is not found."""
    counts: Counter = Counter()
    lines = []
    for mutation in mutations:
        verdict = judged(mutation, file)
        counts[mutation.kind, verdict] += 1
        if verdict != "found":
            lines.append(f"{verdict}: {mutation.kind} at {mutation.path}: {mutation.what}")
    return counts, lines


def shipped(folder: Path) -> list[Mutation]:
    """Return every mistake in every file that comes with the project.

    The files lie two folders below `folder`, and their data where their paths lead.
    """
    (folder / "datasets").mkdir(exist_ok=True)
    for name in ("mnist", "fashion_mnist"):
        (folder / "datasets" / name).mkdir(exist_ok=True)
    at = place_of(folder)
    at.parent.mkdir(parents=True, exist_ok=True)
    files = sorted((ROOT / "configurations").rglob("*.json"))
    return [m for f in files for m in mutations(json.loads(f.read_text()), at.parent)]


def place_of(folder: Path) -> Path:
    """Return where a file with a mistake is written."""
    return folder / "configurations" / "method" / "method.json"


def summed(mistakes: Iterable[Mutation], folder: Path) -> tuple[Counter, list[str]]:
    """Return the counts of all mistakes that are none of the legal changes."""
    return counted((m for m in mistakes if not is_legal(m)), place_of(folder))


def figures(counts: Counter) -> tuple[float, float]:
    """Return the shares of misspelt keys, and of all other mistakes, that are found in place."""
    keys = {key: number for key, number in counts.items() if key[0] == "misspelt key"}
    others = {key: number for key, number in counts.items() if key[0] != "misspelt key"}
    return _share(keys), _share(others)


def is_legal(mutation: Mutation) -> bool:
    """Whether a changed number is as good as the one before, so that nothing is to be found."""
    key = mutation.path.rstrip("]0123456789[").rpartition(".")[2]
    return key in LEGAL.get(mutation.kind, ())


def _share(counts: dict) -> float:
    found = sum(number for (_, verdict), number in counts.items() if verdict == "found")
    return found / max(1, sum(counts.values()))
