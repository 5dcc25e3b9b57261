"""All mistakes in all shipped files, and 2,000 random methods: `make fuzz` prints the figures."""

import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import torch

from tests.fuzz.data import write_data
from tests.fuzz.judged import figures, shipped, summed
from tests.fuzz.reality import tally

METHODS = 2000


def main() -> int:
    """Print the figures and what was not as it should be; return 1 where that is too much."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    number = int(sys.argv[1]) if len(sys.argv) > 1 else METHODS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts, lines = summed(shipped(folder), folder)
        keys, others = figures(counts)
        _say([*lines, _table(counts)])
        _say([f"misspelt keys found where they are: {keys:.4f}; other mistakes: {others:.4f}"])
        write_data(folder)
        verdicts, lines = tally(range(number), folder)
        _say([*lines, _table(verdicts)])
    wrong = sum(n for verdict, n in verdicts.items() if "but" in verdict)
    return int(keys < 0.99 or others < 0.95 or wrong > 0)


def _table(counts: Counter) -> str:
    return "\n".join(f"{number:6}  {what}" for what, number in sorted(counts.items(), key=str))


def _say(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
