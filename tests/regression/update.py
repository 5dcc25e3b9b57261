"""Golden losses: one file per design pattern, with the losses of all its entries in the tiny world.

Of a pattern that changes parts of the method itself, it has the mean square of each after the step.

`python -m tests.regression.update` writes the missing files, for new patterns. With stems, it
rewrites their files too, after an intended change: `python -m tests.regression.update STEM...`.
"""

import argparse
import json
from collections.abc import Set
from pathlib import Path

import torch

from dcrf.schema.registry import DESIGN_PATTERNS
from tests.cases.tiny import ENTRIES, World

FOLDER = Path(__file__).parent / "data" / "losses"


def golden_file(stem: str) -> Path:
    return FOLDER / f"{stem}.json"


def current_losses(stem: str) -> dict[str, dict[str, float]]:
    """Return entry -> loss -> value, in double precision."""
    entries = {name: e for name, e in ENTRIES.items() if name.split("-")[0] == stem}
    return {name: _current(World(entry, torch.float64)) for name, entry in entries.items()}


def _current(world: World) -> dict[str, float]:
    values = world.act(torch.arange(9))
    for part in sorted(world.updated_names):
        tensors = [t.double().flatten() for t in world.model[part].state_dict().values()]
        values[f"{part} after the step"] = torch.cat(tensors).square().mean()
    return {name: round(value.item(), 10) for name, value in values.items()}


def update(stems: Set[str]) -> list[Path]:
    """Write the golden files of these stems, and all missing ones; return those written."""
    written = []
    for stem in DESIGN_PATTERNS.schemas:
        if stem in stems or not golden_file(stem).exists():
            golden_file(stem).write_text(json.dumps(current_losses(stem), indent=2) + "\n")
            written.append(golden_file(stem))
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("stems", nargs="*", metavar="STEM")
    stems = set(parser.parse_args().stems)
    if unknown := stems - DESIGN_PATTERNS.schemas.keys():
        parser.error(f"unknown design patterns: {', '.join(sorted(unknown))}")
    for file in update(stems):
        print(file)  # noqa: T201 - the output of a command
