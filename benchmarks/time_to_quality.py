"""Minutes of training until the clusters of MNIST's test images reach an accuracy.

`python -m benchmarks.time_to_quality` trains the hybrid of DEC and Contrastive Clustering on the
training images: its fast variant, then the published schedule with our code in fp32 and bf16 and
with the straightforward code. DEC and IDEC of ClustPy with its defaults come last. All are trained
one after the other in one process. It writes TIME_TO_QUALITY.md and time_to_quality.json after
each, and keeps the curves in that file that are of this machine and these lengths. Evaluations are
not counted. A training ends once all accuracies are reached, or after `--minutes`. The machine
should be quiet.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook
from torchvision import datasets

from benchmarks.methods.page import table
from benchmarks.ours import trained
from benchmarks.speed import FILES
from benchmarks.straightforward import Straightforward, straightforward
from benchmarks.straightforward.images import Images, as_tensor
from benchmarks.straightforward.methods import Hybrid
from dcrf.errors import DataError
from dcrf.extras import optional_package
from dcrf.runs.environment import processor
from dcrf.schema.registry import METRICS
from dcrf.storage.atomic_files import read_json, write_json
from dcrf.training.method import Method

ACCURACIES = (0.90, 0.95, 0.97)
"""The accuracies to reach."""
METHOD = FILES["dec_cc_hybrid_mnist"]
FAST = METHOD.with_stem(f"{METHOD.stem}_fast")
DATA = METHOD.parents[2] / "datasets" / "mnist"
RESULT = Path(__file__).with_name("time_to_quality.json")
N_CLUSTERS = 10
BATCH_SIZE = 256
_MINUTE = 60

Assign = Callable[[Tensor], Tensor]
"""Images (n, 1, 28, 28) -> the cluster (n,) of each."""


class FinishedError(Exception):
    """All accuracies are reached, or the time is over."""


class Watch:
    """Measures the time of training without evaluations, and the accuracy over it.

    Args:
        images: (n, 1, 28, 28), not trained on.
        labels: (n,).
        minutes: of training at most.
        accuracies: at whose greatest the training stops.
        clock: returns seconds.

    points: minutes of training and accuracy of every evaluation.
    """

    def __init__(
        self,
        images: Tensor,
        labels: NDArray[np.int64],
        minutes: float,
        accuracies: Sequence[float] = ACCURACIES,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.images, self.labels, self.minutes = images, labels, minutes
        self.accuracies, self.clock = accuracies, clock
        self.points: list[tuple[float, float]] = []
        self._before, self._start = 0.0, clock()

    def start(self) -> None:
        """Start the clock at 0."""
        self._before, self._start = 0.0, self.clock()

    def look(self, assign: Assign) -> None:
        """Evaluate while the clock stands.

        Raises:
            FinishedError: the greatest accuracy is reached, or the time is over.
        """
        self._before += self.clock() - self._start
        with torch.no_grad():
            clusters = assign(self.images).numpy()
        accuracy = METRICS.resolve("acc")()(self.labels, clusters)
        minutes = self._before / _MINUTE
        self.points.append((round(minutes, 3), round(accuracy, 4)))
        _report(f"  {minutes:.2f} min: ACC {accuracy:.4f}")
        if accuracy >= max(self.accuracies) or minutes >= self.minutes:
            raise FinishedError
        self._start = self.clock()

    def check(self) -> None:
        """Raise FinishedError if the time is over."""
        if self._before + self.clock() - self._start >= _MINUTE * self.minutes:
            raise FinishedError


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long to train, and how often to look.

    pretraining, clustering: iterations of the hybrid; None for those of its file.
    epochs: of ClustPy's pretraining and clustering; None for its defaults.
    every: iterations between two evaluations.
    n_samples: the first training images; None for all.
    """

    pretraining: int | None = None
    clustering: int | None = None
    epochs: tuple[int, int] | None = None
    every: int = 100
    n_samples: int | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """The training of a contender.

    points: minutes and accuracy of every evaluation.
    schedule: in words.
    machine: processor, threads and torch.
    lengths: with which it was trained.
    """

    points: Sequence[Sequence[float]]
    schedule: str
    machine: str
    lengths: Mapping[str, Any]
    date: str = field(default_factory=lambda: f"{date.today()}")

    def minutes_until(self, accuracy: float) -> float | None:
        """Return the minutes until the first evaluation with an accuracy; None if never."""
        return next((minutes for minutes, value in self.points if value >= accuracy), None)


def main(arguments: Sequence[str]) -> None:
    """Train the contenders that have no result, and write the page after each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.time_to_quality")
    parser.add_argument("--only", nargs="+", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--minutes", type=float, default=600, help="of training, of each at most")
    parser.add_argument("--pretraining", type=int, metavar="N", help="iterations of the hybrid")
    parser.add_argument("--clustering", type=int, metavar="N", help="iterations of the hybrid")
    parser.add_argument("--epochs", type=int, nargs=2, metavar="N", help="of ClustPy's two phases")
    parser.add_argument("--every", type=int, default=100, help="iterations between evaluations")
    parser.add_argument("--samples", type=int, metavar="N", help="try it out on N images")
    parser.add_argument("--output", type=Path, default=RESULT, metavar="FILE")
    options = parser.parse_args(arguments)
    lengths = Lengths(
        options.pretraining,
        options.clustering,
        tuple(options.epochs) if options.epochs else None,
        options.every,
        options.samples,
    )
    curves = read_curves(options.output)
    for name in options.only:
        known = curves.get(name)
        if known and (known.machine, known.lengths) == (machine(), _plain(lengths)):
            continue
        _report(name)
        try:
            curves[name] = curve(name, lengths, options.minutes)
        except DataError as error:  # a package is not installed
            _report(f"  left out: {error}")
            continue
        write_json(options.output, {key: asdict(value) for key, value in curves.items()})
        options.output.with_name(f"{options.output.stem.upper()}.md").write_text(page(curves))
    sys.stdout.write(page(curves))


def curve(name: str, lengths: Lengths, minutes: float) -> Curve:
    """Train a contender until the greatest accuracy.

    Raises:
        DataError: its package is not installed.
    """
    test = datasets.MNIST(DATA, train=False)
    watch = Watch(as_tensor(test.data.numpy()), test.targets.numpy(), minutes)
    torch.manual_seed(0)
    train, schedule = CONTENDERS[name](lengths)
    watch.start()
    with suppress(FinishedError):
        train(watch)
    return Curve(watch.points, schedule, machine(), _plain(lengths))


def read_curves(file: Path) -> dict[str, Curve]:
    """Return name -> curve of a result file; none if there is no file."""
    if not file.exists():
        return {}
    return {name: Curve(**content) for name, content in read_json(file).items()}


def page(curves: Mapping[str, Curve]) -> str:
    """Return the page in Markdown."""
    head = ["contender", "schedule", *(f"min to ACC {a:.2f}" for a in ACCURACIES)]
    head += ["best ACC", "trained, min", "measured"]
    rows = [_row(name, curve) for name, curve in curves.items()]
    machines = "; ".join(dict.fromkeys(curve.machine for curve in curves.values()))
    about = f"""\
Written by `python -m benchmarks.time_to_quality`: {machines}. Minutes of training on the 60,000
training images of MNIST until the clusters of the 10,000 test images reach an accuracy, with
pretraining and the start of the centroids, without evaluations. One seed. A dash: not reached in
the minutes trained. ClustPy has its own defaults."""
    return f"# Time to quality\n\n{about}\n\n{table(head, rows)}\n"


def _row(name: str, curve: Curve) -> list[str]:
    reached = [curve.minutes_until(accuracy) for accuracy in ACCURACIES]
    best, minutes = "-", "-"
    if curve.points:
        best, minutes = f"{max(a for _, a in curve.points):.4f}", f"{curve.points[-1][0]:.1f}"
    cells = ["-" if value is None else f"{value:.1f}" for value in reached]
    return [name, curve.schedule, *cells, best, minutes, curve.date]


def machine() -> str:
    """Return processor, threads and torch."""
    return f"{processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


Contender = Callable[[Lengths], tuple[Callable[[Watch], None], str]]
"""Lengths -> the training, which looks at the watch, and its schedule in words."""


def _ours(lengths: Lengths, method: Path, precision: str) -> tuple[Callable[[Watch], None], str]:
    settings = [
        f"precision={precision}",
        "phases[finetuning].performance_evaluation_interval=1000000000",
    ]
    if lengths.n_samples is not None:
        settings.append(f"datasets[0].index_of_last_sample_to_use={lengths.n_samples - 1}")
    iterations = {"pretraining": lengths.pretraining, "finetuning": lengths.clustering}
    settings += [
        f"phases[{phase}].exit_criteria.iterations={number}"
        for phase, number in iterations.items()
        if number is not None
    ]

    def train(watch: Watch) -> None:
        def look(phase: str, iteration: int, trained_so_far: Method) -> None:
            watch.check()
            if phase == "finetuning" and iteration % lengths.every == 0:
                watch.look(partial(_assigned, trained_so_far))

        trained(method, settings, look)

    return train, _hybrid_words(lengths, method)


def _assigned(method: Method, images: Tensor) -> Tensor:
    method.eval()
    clusters = method.assignment(images).argmax(dim=1)
    method.train()
    return clusters


def _straightforward(lengths: Lengths) -> tuple[Callable[[Watch], None], str]:
    n_pretraining, n_clustering = _hybrid_lengths(lengths, METHOD)
    images = _training_images(lengths)

    def train(watch: Watch) -> None:
        before = straightforward(METHOD, "pretraining", images)
        for _ in range(n_pretraining):
            before.run(1)
            watch.check()
        after = _clustering_after(before, images)
        assert isinstance(after.method, Hybrid)
        clustering = after.method.clustering
        for iteration in range(1, n_clustering + 1):
            after.run(1)
            watch.check()
            if iteration % lengths.every == 0:
                watch.look(lambda images: clustering.assign(images).argmax(dim=1))

    return train, _hybrid_words(lengths, METHOD)


def _clustering_after(before: Straightforward, images: Images) -> Straightforward:
    """Return the second phase of the hybrid, with the encoder of the first and k-means in it."""
    with torch.no_grad():
        features = before.networks["encoder"](as_tensor(images)).numpy()
    k_means = KMeans(N_CLUSTERS, n_init=20, random_state=0).fit(features)
    centroids = torch.from_numpy(k_means.cluster_centers_).float()
    after = straightforward(METHOD, "finetuning", images, centroids)
    after.networks["encoder"].load_state_dict(before.networks["encoder"].state_dict())
    return after


def _clustpy(lengths: Lengths, name: str) -> tuple[Callable[[Watch], None], str]:
    deep = optional_package("clustpy.deep", "peers")
    networks: Any = optional_package("clustpy.deep.neural_networks", "peers")
    durations = {}
    if lengths.epochs is not None:
        durations = dict(zip(("pretrain_epochs", "clustering_epochs"), lengths.epochs, strict=True))
    pixels = as_tensor(_training_images(lengths)).flatten(1).numpy()
    made: list[Any] = []

    class Kept(networks.FeedforwardAutoencoder):
        """The default network, which the evaluation finds in a list."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    network = (Kept, {"layers": [pixels.shape[1], 500, 500, 2000, N_CLUSTERS]})
    algorithm = getattr(deep, name)(
        n_clusters=N_CLUSTERS,
        batch_size=BATCH_SIZE,
        neural_network=network,
        random_state=0,
        device="cpu",
        **durations,
    )

    def train(watch: Watch) -> None:
        steps = 0

        def look(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            nonlocal steps
            watch.check()
            centers = optimizer.param_groups[0]["params"][-1]
            if centers.shape != (N_CLUSTERS, N_CLUSTERS):  # pretraining has none
                return
            steps += 1
            if steps % lengths.every == 0:
                watch.look(partial(_nearest, made[-1], centers))

        hook = register_optimizer_step_post_hook(look)
        try:
            algorithm.fit(pixels)
        finally:
            hook.remove()

    phases = (algorithm.pretrain_epochs, algorithm.clustering_epochs)
    return train, " + ".join(f"{number} epochs" for number in phases)


def _nearest(network: Any, centers: Tensor, images: Tensor) -> Tensor:
    """Return the nearest center of each image, to which DEC's kernel assigns it."""
    return torch.cdist(network.encode(images.flatten(1)), centers.float()).argmin(dim=1)


def _training_images(lengths: Lengths) -> Images:
    return datasets.MNIST(DATA, train=True).data.numpy()[: lengths.n_samples]


def _hybrid_lengths(lengths: Lengths, method: Path) -> tuple[int, int]:
    content = read_json(method)
    phases = {p["name"]: p["exit_criteria"]["iterations"] for p in content["phases"]}
    return (
        lengths.pretraining or phases["pretraining"],
        lengths.clustering or phases["finetuning"],
    )


def _hybrid_words(lengths: Lengths, method: Path) -> str:
    return " + ".join(f"{number:,} iterations" for number in _hybrid_lengths(lengths, method))


def _plain(lengths: Lengths) -> dict[str, Any]:
    """Return the lengths as JSON has them."""
    return {**asdict(lengths), "epochs": lengths.epochs and list(lengths.epochs)}


def _report(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


CONTENDERS: Mapping[str, Contender] = {
    "fast hybrid, dcrf, fp32": partial(_ours, method=FAST, precision="fp32"),
    "hybrid, dcrf, bf16": partial(_ours, method=METHOD, precision="bf16"),
    "hybrid, dcrf, fp32": partial(_ours, method=METHOD, precision="fp32"),
    "hybrid, straightforward": _straightforward,
    "DEC, ClustPy": partial(_clustpy, name="DEC"),
    "IDEC, ClustPy": partial(_clustpy, name="IDEC"),
}
"""Name -> contender, in the order in which they train."""

if __name__ == "__main__":
    main(sys.argv[1:])
