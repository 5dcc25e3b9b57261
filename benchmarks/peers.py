"""Methods of dcrf beside those of ClustPy, on USPS.

`python -m benchmarks.peers` trains every ClustPy method whose counterpart `python -m
benchmarks.methods` has measured, with as many epochs and the same seed, and writes PEERS.md: ACC,
NMI and wall seconds of both. Everything else has each library's own defaults, so that learning
rates and networks may differ. It needs `pip install 'dcrf[peers]'`.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

import torch

from benchmarks.methods.files import CONFIGURATIONS, MethodFile, method_files
from benchmarks.methods.page import table
from benchmarks.methods.records import RESULTS, Measurement, Records
from benchmarks.usps import N_CLUSTERS, usps_pixels
from dcrf.extras import optional_package
from dcrf.runs.environment import processor
from dcrf.schema.registry import METRICS

PAGE = Path(__file__).with_name("PEERS.md")
_SHOWN = ("acc", "nmi")


@dataclass(frozen=True, slots=True)
class Peer:
    """A method of ClustPy.

    name: of its class in `clustpy.deep`.
    arguments: beside batch size, epochs and seed.
    phases: the arguments for the epochs of our first phase, and of the others.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=lambda: {"n_clusters": N_CLUSTERS})
    phases: tuple[str, ...] = ("pretrain_epochs", "clustering_epochs")


PEERS = {
    "acedec_usps": Peer("ACeDeC"),
    "aec_usps": Peer("AEC"),
    "dcn_usps": Peer("DCN"),
    "dec_usps": Peer("DEC"),
    "den_usps": Peer("DEN", phases=("pretrain_epochs",)),
    "dip_deck_usps": Peer("DipDECK", {}),
    "dip_encoder_usps": Peer("DipEncoder"),
    "dkm_p_usps": Peer("DKM"),
    "idec_usps": Peer("IDEC"),
    "n2d_usps": Peer("N2D", phases=("pretrain_epochs",)),
    "shade_usps": Peer("SHADE", {}, ("clustering_epochs",)),
    "vade_usps": Peer("VaDE"),
}
"""Stem of a method file -> its counterpart."""


def main(arguments: Sequence[str]) -> None:
    """Train the peers one by one, and write the page after each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--only", nargs="+", default=list(PEERS), metavar="NAME")
    options = parser.parse_args(arguments)
    clustpy = optional_package("clustpy", "peers")
    records = Records(RESULTS)
    rows: list[list[str]] = []
    for file in method_files([CONFIGURATIONS]):
        if file.stem in PEERS and file.stem in options.only:
            ended = [m for m in records.read(file).values() if m.is_ok]
            if ended:
                rows.append(_row(file, ended[0]))
                PAGE.write_text(page(rows, clustpy.__version__))
    sys.stdout.write(page(rows, clustpy.__version__))


def page(rows: Sequence[Sequence[str]], version: str) -> str:
    """Return the page in Markdown.

    Args:
        rows: of the table.
        version: of ClustPy.
    """
    head = ["method", "ClustPy", "epochs", "seed", "ACC", "ACC ClustPy", "NMI", "NMI ClustPy"]
    about = f"Written by `python -m benchmarks.peers` on {date.today()}: ClustPy {version}, "
    about += f"{processor()}, {torch.get_num_threads()} threads. One seed; epochs are those of our "
    about += "run, pretraining + clustering, and everything else is each library's default."
    return f"# Beside ClustPy\n\n{about}\n\n{table([*head, 's', 's ClustPy'], rows)}\n"


def epochs_of(iterations: Sequence[int], n_samples: int, batch_size: int) -> tuple[int, int]:
    """Return the epochs of the first phase and of all others, each at least 1.

    Args:
        iterations: of every phase.
        n_samples: of the data.
        batch_size: of the iterations.
    """
    in_epoch = ceil(n_samples / batch_size)
    first, *others = iterations
    return max(1, round(first / in_epoch)), max(1, round(sum(others) / in_epoch))


def _row(file: MethodFile, ours: Measurement) -> list[str]:
    peer = PEERS[file.stem]
    batch_size = file.config.datasets[-1].batch_size
    epochs = epochs_of(list(ours.iterations.values()), ours.n_samples, batch_size)
    scores, seconds = _trained(peer, epochs, batch_size, ours.seed)
    pairs = [f"{values[name]:.3f}" for name in _SHOWN for values in (ours.scores, scores)]
    times = [f"{ours.seconds:.0f}", f"{seconds:.0f}"]
    return [file.stem, peer.name, " + ".join(map(str, epochs)), str(ours.seed), *pairs, *times]


def _trained(
    peer: Peer, epochs: tuple[int, int], batch_size: int, seed: int
) -> tuple[dict[str, float], float]:
    """Return the scores of a ClustPy method on USPS, and the seconds of its fit."""
    deep = optional_package("clustpy.deep", "peers")
    pixels, labels = usps_pixels()
    method = getattr(deep, peer.name)
    durations = dict(zip(peer.phases, epochs, strict=False))
    algorithm = method(
        **peer.arguments, **durations, batch_size=batch_size, random_state=seed, device="cpu"
    )
    start = time.perf_counter()
    algorithm.fit(pixels)
    seconds = time.perf_counter() - start
    return {name: METRICS.resolve(name)()(labels, algorithm.labels_) for name in _SHOWN}, seconds


if __name__ == "__main__":
    main(sys.argv[1:])
