"""Losses of every entry in the tiny world, and the file that keeps them.

`python -m tests.regression.update` writes the file anew: only where a change is meant.
"""

import json
from pathlib import Path

import torch

from tests.cases.tiny import ENTRIES, World

FILE = Path(__file__).parent / "data" / "losses.json"


def current_losses() -> dict[str, dict[str, float]]:
    """Return entry -> loss -> value, in double precision."""
    return {
        name: {
            loss: round(value.item(), 10)
            for loss, value in World(entry, torch.float64).losses(torch.arange(9)).items()
        }
        for name, entry in ENTRIES.items()
    }


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(current_losses(), indent=2) + "\n")
