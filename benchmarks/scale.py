"""Time, memory and messages of an iteration for 1 to 64 GPUs, by arithmetic: docs/scale.md.

`python -m benchmarks.scale` prints the tables. Formulas of messages are checked against
`benchmarks.processes`; the rates of the machine are assumptions.
"""

from dataclasses import dataclass

GPUS = (1, 2, 4, 8, 16, 32, 64)
_IN_NODE = 8  # GPUs with NVLink among them
_FLOPS = 40e12  # per second and GPU, reached in large products in TF32
_LAUNCHES = 1.0e-3  # seconds of starting the kernels of an iteration
_BANDWIDTH = {True: 200e9, False: 40e9}  # bytes per second and GPU, within a node or beyond
_LATENCY = {True: 20e-6, False: 40e-6}  # seconds of a collective, within a node or beyond
_DECISION = 100e-6  # seconds of a broadcast by gloo
_TO_GPU = 25e9  # bytes per second and GPU, from the memory of the machine
_DISK = 3e9  # bytes per second and machine
_BYTES = 4


@dataclass(frozen=True)
class Load:
    """An iteration of a method.

    parameters: of all networks and centroids.
    flops: of the networks for a row, forward and backward.
    gathered: numbers of a row that are gathered: outputs, and gradients between mappings.
    collectives: gathers, and sums of gradients and of batch normalization.
    replicated: FLOP of losses and centroids, in every process.
    rows: of a batch.
    activations: numbers that the backward pass keeps of a row.
    values: numbers of a sample, with its views.
    """

    parameters: float
    flops: float
    gathered: float
    collectives: int
    replicated: float
    rows: int
    activations: float
    values: float


_IDEC = Load(2802366, 6 * 2802266, 276, 4, 256 * 10 * 10 * 8, 256, 6266, 256)
LOADS = {
    "IDEC on USPS, 256 rows": _IDEC,
    "IDEC on USPS, 16,384 rows": Load(**{**vars(_IDEC), "rows": 2**14, "replicated": 2**14 * 800}),
    # two views of an image of 224 x 224 pixels, two sums for each batch norm in both directions
    "contrastive clustering with ResNet-18, 1,024 images": Load(
        11.5e6,
        2 * 3 * 3.6e9,
        2 * 3 * 640,
        2 * 20 * 4 + 12,
        6 * 2048**2 * 128,
        1024,
        2 * 2.5e6,
        2 * 3 * 224**2,
    ),
}


def seconds(load: Load, n: int) -> dict[str, float]:
    """Return the seconds of the parts of an iteration on n GPUs."""
    is_in_node = n <= _IN_NODE
    bandwidth, latency = _BANDWIDTH[is_in_node], _LATENCY[is_in_node]
    share = (n - 1) / n
    messages = 0.0
    if n > 1:
        messages = share * _BYTES * (2 * load.parameters + load.rows * load.gathered) / bandwidth
        messages += load.collectives * latency
    return {
        "networks": load.rows * load.flops / n / _FLOPS,
        "kernels": _LAUNCHES,
        "replicated": load.replicated / _FLOPS,
        "batch": _BYTES * load.rows * load.values / _TO_GPU,
        "messages": messages,
        "decisions": 2 * _DECISION if n > 1 else 0.0,
    }


def gibibytes(load: Load, n: int) -> float:
    """Return the memory of a GPU: parameters, gradients and Adam's moments, batch, activations."""
    batch = load.rows * (load.values + load.gathered)
    own = load.rows / n * load.activations
    return _BYTES * (4 * load.parameters + batch + own) / 2**30


def pass_over_billion(n: int) -> list[float]:
    """Return what a pass over 10^9 samples of 512 numbers takes with 1,000 clusters of 10 features.

    Samples, features and targets are sharded. The values are seconds of computing, reading and
    messages, then GiB of targets and of features for a GPU.
    """
    samples, width, clusters, features = 1e9, 512, 1000, 10
    layers = 512 * 500 + 500 * 500 + 500 * 2000 + 2000 * features
    machines = -(-n // _IN_NODE)
    return [
        samples * 2 * layers / n / _FLOPS,
        _BYTES * samples * width / machines / _DISK,
        0.0 if n == 1 else 2 * _LATENCY[n <= _IN_NODE],
        _BYTES * samples * clusters / n / 2**30,
        _BYTES * samples * features / n / 2**30,
    ]


def main() -> None:
    """Print the tables."""
    for name, load in LOADS.items():
        print(f"\n{name}\n\n| GPUs | ms | {' | '.join(seconds(load, 1))} | speedup | GiB |")  # noqa: T201
        print("|--:|" + "--:|" * (len(seconds(load, 1)) + 3))  # noqa: T201
        alone = sum(seconds(load, 1).values())
        for n in GPUS:
            parts = seconds(load, n)
            whole = sum(parts.values())
            cells = [f"{1e3 * part:.2f}" for part in parts.values()]
            row = [str(n), f"{1e3 * whole:.2f}", *cells, f"{alone / whole:.1f}"]
            print(f"| {' | '.join([*row, f'{gibibytes(load, n):.2f}'])} |")  # noqa: T201
    print("\n| GPUs | computing, s | reading, s | messages, s | targets, GiB | features, GiB |")  # noqa: T201
    print("|--:|--:|--:|--:|--:|--:|")  # noqa: T201
    for n in GPUS:
        print(f"| {' | '.join([str(n), *(f'{value:.3g}' for value in pass_over_billion(n))])} |")  # noqa: T201


if __name__ == "__main__":
    main()
