"""`make fuzz`: mutate all shipped files, train 2,000 random methods, print the figures."""

import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import torch

from tests.fuzz.agreement import count_agreements
from tests.fuzz.data import write_data
from tests.fuzz.detection import count_verdicts, detection_rates, shipped_mutations

METHODS = 2000


def main() -> int:
    """Print the figures and the failures; return 1 if they miss the targets."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    number = int(sys.argv[1]) if len(sys.argv) > 1 else METHODS
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        counts, lines = count_verdicts(shipped_mutations(folder), folder)
        keys, others = detection_rates(counts)
        _print([*lines, _table(counts)])
        _print([f"misspelt keys found where they are: {keys:.4f}; other mistakes: {others:.4f}"])
        write_data(folder)
        verdicts, lines = count_agreements(range(number), folder)
        _print([*lines, _table(verdicts)])
    disagreements = sum(n for verdict, n in verdicts.items() if "but" in verdict)
    return int(keys < 0.99 or others < 0.95 or disagreements > 0)


def _table(counts: Counter) -> str:
    return "\n".join(f"{number:6}  {name}" for name, number in sorted(counts.items(), key=str))


def _print(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
