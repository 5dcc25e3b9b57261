"""Every clustering on USPS pixels and on their first 50 principal components.

`python -m benchmarks.clusterings` prints a table in Markdown: ACC, NMI and ARI against the classes,
the share of noise, and seconds and peak memory of the fit. Each row runs in a process of its own.
`--samples N` takes a random sub-sample, `--only STEM...` some of the clusterings.
"""

import argparse
import json
import subprocess
import sys

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Generator

from benchmarks.memory import anonymous_bytes, measured_call
from benchmarks.usps import N_CLUSTERS, usps_pixels
from dcrf.builder.components import build_entry
from dcrf.clusterings.base import Clustering, Fitted
from dcrf.functional.assignments import most_probable_clusters
from dcrf.schema.registry import CLUSTERINGS, METRICS

FEATURES = ("pixels", "PCA-50")
SCORES = ("acc", "nmi", "ari")
_COMPONENTS = 50
_PASS = 1024


def main(arguments: list[str]) -> None:
    """Print the table, or with `--row` the numbers of one row as JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.clusterings", description=__doc__)
    parser.add_argument("--samples", type=int, help="random sub-sample; by default all 9,298")
    parser.add_argument("--only", nargs="*", default=[*CLUSTERINGS.schemas], help="clusterings")
    parser.add_argument("--row", nargs=2, metavar=("STEM", "FEATURES"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.row:
        stem, features = options.row
        _write(json.dumps(measured(stem, features, options.samples)))
        return
    _write("| features | clustering | ACC | NMI | ARI | noise | clusters | seconds | MiB |")
    _write("|---|---|---|---|---|---|---|---|---|")
    for features in FEATURES:
        for stem in options.only:
            _write(_row(stem, features, options.samples))


def measured(stem: str, features: str, n_samples: int | None) -> dict[str, float]:
    """Fit a clustering with its defaults; return its scores, seconds and memory.

    Args:
        stem: of the clustering.
        features: one of `FEATURES`.
        n_samples: of a random sub-sample; None for all.
    """
    rows, labels = _data(features, n_samples)
    clustering: Clustering = build_entry(CLUSTERINGS, _defaults(stem), {}, {})
    results: list[Fitted] = []

    def fit() -> None:
        results.append(clustering.fit(rows, N_CLUSTERS, Generator().manual_seed(0)))

    costs = measured_call(fit, anonymous_bytes())
    (fitted,) = results
    clusters = torch.cat(
        [most_probable_clusters(fitted.log_assignments(part)) for part in rows.split(_PASS)]
    ).numpy()
    scores = {name: METRICS.resolve(name)()(labels, clusters) for name in SCORES}
    counts = {"noise": float((clusters < 0).mean()), "clusters": fitted.n_clusters_found}
    return {**scores, **counts, **costs}


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _row(stem: str, features: str, n_samples: int | None) -> str:
    options = ["--samples", str(n_samples)] if n_samples else []
    command = [sys.executable, "-m", "benchmarks.clusterings", "--row", stem, features, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"| {features} | {stem} | {done.stderr.splitlines()[-1]} |"
    values = json.loads(done.stdout.splitlines()[-1])
    scores = " | ".join(f"{values[name]:.3f}" for name in SCORES)
    found = f"{values['noise']:.1%} | {values['clusters']}"
    costs = f"{values['seconds']:.1f} | {values['mebibytes']:.0f}"
    return f"| {features} | {stem} | {scores} | {found} | {costs} |"


def _defaults(stem: str) -> dict[str, object]:
    """Return the entry of a clustering as its name alone stands for it."""
    known = CLUSTERINGS.properties(stem)
    defaults = {key: words["default"] for key, words in known.items() if "default" in words}
    return {CLUSTERINGS.key: stem, **defaults}


def _data(features: str, n_samples: int | None) -> tuple[torch.Tensor, NDArray[np.int64]]:
    """Return features (n, d) of the training and test images of USPS, and labels (n,)."""
    pixels, labels = usps_pixels()
    if n_samples:
        chosen = np.sort(np.random.default_rng(0).permutation(len(labels))[:n_samples])
        pixels, labels = pixels[chosen], labels[chosen]
    if features == "PCA-50":
        pixels = PCA(_COMPONENTS, random_state=0).fit_transform(pixels).astype(np.float32)
    return torch.from_numpy(pixels), labels


if __name__ == "__main__":
    main(sys.argv[1:])
