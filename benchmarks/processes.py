"""Time and messages of an iteration of IDEC on USPS, in one process and in several.

`python -m benchmarks.processes` times networks and whole iterations by the number of rows.
`torchrun --nproc_per_node 2 -m benchmarks.processes` counts bytes and times collectives.
docs/scale.md has the results.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.ours import Ours, ours
from dcrf.parallel.world import World, agreed, together
from dcrf.runs.environment import processor
from dcrf.runs.launched import launched
from dcrf.runs.process_group import connected

_FILE = Path(__file__).parents[1] / "configurations/idec/idec_usps.json"
_PHASE = "clustering"
_ROWS = (32, 64, 128, 256, 512, 1024)
_ITERATIONS = 30


def _settings(rows: int) -> list[str]:
    """Return settings that start from new parameters, with batches of a size."""
    return [
        f"datasets[0].batch_size={rows}",
        "cluster_assignment_strategy.centroid_initialization_strategy=random_feature_representations",
    ]


def _milliseconds(
    run: Callable[[], object], number: int = 30, clock: Callable[[], float] = time.perf_counter
) -> float:
    run()
    seconds = []
    for _ in range(number):
        start = clock()
        run()
        seconds.append(clock() - start)
    return 1e3 * median(seconds)


def _one_process() -> None:
    """Print times of the processor, which other programs on the machine disturb least."""
    print(processor(), torch.get_num_threads(), "threads")  # noqa: T201 - the output of a command
    for rows in _ROWS:
        training = ours(_FILE, _PHASE, _settings(rows))
        encoder, decoder = (training.method.mappings[name] for name in ("encoder", "decoder"))
        samples = next(training.batches)[1].samples

        def run_networks(
            encoder: nn.Module = encoder, decoder: nn.Module = decoder, samples: Tensor = samples
        ) -> None:
            decoder(encoder(samples)).square().sum().backward()

        networks = _milliseconds(run_networks, 10, time.process_time)
        whole = _milliseconds(partial(training.run, 1), 10, time.process_time)
        print(f"{rows} rows: networks {networks:.2f} ms of {whole:.2f} ms")  # noqa: T201


def _several(world: World) -> None:
    for rows in (256, 1024):
        training = ours(_FILE, _PHASE, _settings(rows))
        whole = _per_iteration(training)
        with together(world):
            shared = _per_iteration(training)
            training.run(1)
            world.sent.clear()
            training.run(1)
        sent = dict(world.sent)
        if world.rank == 0:
            print(f"{rows} rows: {whole:.1f} ms alone, {shared:.1f} ms shared, sent {sent}")  # noqa: T201
    for numbers in (1, 2**10, 2**14, 2**18, 2**22):
        values, counts = torch.zeros(numbers), [numbers] * world.size
        took_to_sum = _milliseconds(partial(world.sum, values))
        took_to_gather = _milliseconds(partial(world.gather, values, counts))
        if world.rank == 0:
            print(f"{4 * numbers} bytes: sum {took_to_sum:.3f} ms, gather {took_to_gather:.3f} ms")  # noqa: T201
    with together(world):
        took_to_agree = _milliseconds(lambda: agreed(None))
    if world.rank == 0:
        print(f"agreed: {took_to_agree:.3f} ms")  # noqa: T201


def _per_iteration(training: Ours) -> float:
    """Return milliseconds of this process's processor time."""
    return _milliseconds(partial(training.run, 1), 10, time.process_time)


if __name__ == "__main__":
    process = launched()
    if process is None:
        _one_process()
    else:
        torch.set_num_threads(1)
        with connected(process) as world:
            _several(world)
