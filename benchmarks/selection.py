"""How well do scores without labels order runs? Their rank correlation with ACC.

    python -m benchmarks.selection FOLDER [DATA_SET...]

trains every configuration with every seed on every data set (run folders in FOLDER, finished ones
are kept), scores the runs as `dcrf select` does, and prints the tables of `docs/selection.md`.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

import dcrf
from benchmarks.usps import usps_pixels
from dcrf.errors import DcrfError
from dcrf.evaluation.metrics.acc import Acc
from dcrf.reporting.scores import heading
from dcrf.reporting.writers import say
from dcrf.runs.compare_runs import (
    INPUT,
    PRINCIPAL_COMPONENTS,
    clustered_run,
    rows_in_space,
    scores_of_runs,
)
from dcrf.runs.new_method import new_method
from dcrf.runs.run_folder import RESULT, runs_below

SEEDS = (0, 1, 2)
CONFIGURATIONS = (
    ("k_means", 1),
    ("gaussian_mixture", 1),
    ("ae_k_means", 50),
    ("ae_k_means", 200),
    ("idec_table", 50),
    ("idec_table", 200),
    ("dec", 50),
    ("idec", 50),
    ("dcn", 50),
    ("vade", 50),
    ("imsat", 50),
    ("acai", 50),
)
"""Shipped method, and iterations of each of its phases."""
N_USPS = 2000
WIDEST = 128
"""Units of a hidden layer, at most: these are quick runs, not those of the papers."""
LOADERS = {
    "wine": load_wine,
    "digits": load_digits,
    "iris": load_iris,
    "breast_cancer": load_breast_cancer,
}


@dataclass(frozen=True)
class Data:
    """Samples (n, d) and labels (n,)."""

    name: str
    samples: np.ndarray
    labels: np.ndarray


def data_sets() -> Iterator[Data]:
    """Yield all data sets."""
    for name, load in LOADERS.items():
        samples, labels = load(return_X_y=True)
        yield Data(name, samples.astype(np.float32), labels)
    pixels, labels = usps_pixels()
    yield Data("usps", pixels[:N_USPS], labels[:N_USPS])


def narrow(content: dict[str, Any]) -> dict[str, Any]:
    """Return a method with hidden layers of at most `WIDEST` units."""
    for mapping in content["mappings"]:
        for layer in mapping.get("layers", ()):
            if "sizes" in layer:
                first, *hidden, last = layer["sizes"]
                layer["sizes"] = [first, *(min(size, WIDEST) for size in hidden), last]
    return content


def train(data: Data, folder: Path) -> None:
    """Train all configurations whose runs are not finished; a failed run is said and left out."""
    file = folder / f"{data.name}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(file, samples=data.samples)
    for method, iterations in CONFIGURATIONS:
        content = narrow(new_method(file, len(np.unique(data.labels)), method, {}).content)
        content["name"] = f"{method}_{iterations}"
        for seed in SEEDS:
            parent = folder / data.name
            if not any((parent / content["name"]).glob(f"*-{seed}/{RESULT}")):
                start, end = time.perf_counter(), "done"
                options: dict[str, Any] = {"output_dir": parent, "max_iterations": iterations}
                try:
                    dcrf.run(content, seed=seed, device="cpu", **options)
                except DcrfError as error:
                    end = str(error).splitlines()[0]
                seconds = time.perf_counter() - start
                say(f"{data.name} {content['name']} seed {seed}: {end}, {seconds:.1f} s")


def correlations(data: Data, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return a row of the data set, and selector -> its rank correlation with ACC."""
    runs = [clustered_run(run, None) for run in runs_below([folder / data.name])]
    finished = [run for run in runs if run is not None]
    acc = [Acc()(data.labels, run.clusters) for run in finished]
    columns: dict[str, str] = {}
    spaces = {"PCA": PRINCIPAL_COMPONENTS, "input": INPUT}
    for words, space in spaces.items():
        scores = scores_of_runs(finished, rows_in_space(finished[0], space))
        for name in scores[0].in_space:
            values = [each.in_space[name] for each in scores]
            columns[f"{heading(name)}, {words}"] = correlation(values, acc)
    columns["agreement of seeds"] = correlation([each.agreement for each in scores], acc)
    columns["loss within a method"] = within_methods(finished, acc)
    best = max(range(len(finished)), key=lambda place: scores[place].in_space["silhouette"] or -1)
    row = [
        data.name,
        f"{len(finished)}",
        f"{min(acc):.2f} to {max(acc):.2f}",
        f"{np.mean(acc):.2f}",
        f"{acc[best]:.2f}",
    ]
    return row, columns


def correlation(values: Sequence[float | None], acc: Sequence[float]) -> str:
    """Return Spearman's rank correlation over the runs that have the score."""
    known = [(value, score) for value, score in zip(values, acc, strict=True) if value is not None]
    if any(len(set(column)) < 2 for column in zip(*known, strict=True)) or not known:  # noqa: PLR2004
        return "-"  # no ranks
    return f"{spearmanr(*zip(*known, strict=True)).statistic:+.2f}"


def within_methods(runs: Sequence[Any], acc: Sequence[float]) -> str:
    """Return the mean, over methods with different losses, of the correlation over their seeds."""
    values = []
    for name in dict.fromkeys(run.config.name for run in runs):
        places = [place for place, run in enumerate(runs) if run.config.name == name]
        losses = [runs[place].loss for place in places]
        scores = [acc[place] for place in places]
        if None not in losses and len(set(losses)) > 1 and len(set(scores)) > 1:
            values.append(spearmanr(losses, scores).statistic)
    return f"{np.mean(values):+.2f}" if values else "-"


def main(folder: Path, names: Sequence[str] = ()) -> None:
    """Train on the named data sets, all by default, and print the tables."""
    rows, tables = [], {}
    for data in data_sets():
        if names and data.name not in names:
            continue
        train(data, folder)
        row, tables[data.name] = correlations(data, folder)
        rows.append(row)
    say("| data set | runs | ACC | mean ACC | ACC of the run with the best silhouette, input |")
    say("|---|--:|--:|--:|--:|")
    for row in rows:
        say(f"| {' | '.join(row)} |")
    say(f"\n| score | {' | '.join(tables)} |\n|---|{'--:|' * len(tables)}")
    for name in next(iter(tables.values())):
        say(f"| {name} | {' | '.join(columns[name] for columns in tables.values())} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
