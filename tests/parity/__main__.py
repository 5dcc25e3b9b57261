"""Print how far the processes of torchrun deviate from one process, for every case.

`torchrun --nproc_per_node 2 -m tests.parity`; docs/scale.md has the table.
"""

import sys
import warnings
from collections.abc import Mapping

import torch

from dcrf.parallel.world import alone, together
from dcrf.runs.launched import launched
from dcrf.runs.process_group import connected
from tests.parity.cases import KINDS, Results, deviation, results_of


def largest(one: Results, other: Results) -> list[float]:
    """Return the largest deviations of losses or assignments, gradients, and final tensors."""
    columns: list[Results] = [{}, {}, {}]
    for name in one:
        words = name.split()
        kind = 2 if words[0] == "final" else 1 if "gradient" in words[:2] else 0
        columns[kind][name] = one[name]
    return [deviation(column, {name: other[name] for name in column}) for column in columns]


def print_tables(one: Mapping[str, Results], other: Mapping[str, Results]) -> None:
    for kind in ("patterns", "strategies"):
        rows: dict[str, list[list[float]]] = {}
        for case in one:
            stem = case.removeprefix(f"{kind}/").partition("-")[0]
            if case.startswith(f"{kind}/"):
                rows.setdefault(stem, []).append(largest(one[case], other[case]))
        print(f"\n| {kind} | cases | outputs | gradients | final |\n|---|--:|--:|--:|--:|")  # noqa: T201
        for stem, cases in rows.items():
            cells = [f"{max(column):.0e}" for column in zip(*cases, strict=True)]
            print(f"| `{stem}` | {len(cases)} | {' | '.join(cells)} |")  # noqa: T201
    layers = {c: deviation(one[c], other[c]) for c in one if c.startswith("layers/")}
    worst = max(layers, key=layers.__getitem__)
    print(f"\n{len(layers)} layers: at most {layers[worst]:.0e}, {worst}")  # noqa: T201


def main() -> int:
    process = launched()
    if process is None:
        print("start it by: torchrun --nproc_per_node 2 -m tests.parity", file=sys.stderr)  # noqa: T201
        return 2
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    names = {kind: names for kind, (_, names) in KINDS.items()}
    with connected(process) as world, together(world):
        several = results_of(names)
        with alone():
            one = results_of(names) if world.rank == 0 else {}
        if world.rank == 0:
            print_tables(one, several)
        world.from_first(None)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
