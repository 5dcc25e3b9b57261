"""The eight pictures of the taxonomy's case study, from finished runs of `make reproduce`.

`python -m benchmarks.reproduction.pictures` draws the first 5,000 samples of MNIST and COIL-20 by
t-SNE, in the colors of their labels: pixels, codes of the autoencoder, and codes after both losses.
The page shows those that are there. Source: github.com/elieJalbout/Clustering-with-Deep-learning
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torchvision.datasets import MNIST

from benchmarks.reproduction.page import DOCS, PICTURES
from dcrf.cli.reproduce import ReproducedRuns
from dcrf.config.file_names import clean_name
from dcrf.pictures.drawings import COLORS, document, text
from dcrf.report.projection_names import T_SNE
from dcrf.report.projections import Places, project
from dcrf.reproduction.entries import read_reproductions
from dcrf.runs.run_folder import RESULT, run_folders
from dcrf.storage.atomic_files import write_atomically

POINTS = 5000
DATA = DOCS.parent / "datasets"
CODES = {
    "autoencoder": ("kld", "pretraining"),
    "clustered_km": ("km", "clustering"),
    "clustered_kld": ("kld", "clustering"),
}
"""Picture -> the loss of the run, and the phase after which its codes are drawn."""
_SIDE, _MARGIN, _TITLE = 400, 12, 16

Rows = NDArray[np.floating]
Labels = NDArray[np.int64]


def main(arguments: Sequence[str]) -> int:
    """Draw the pictures whose runs have finished; return 1 if any is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reproduction.pictures")
    parser.add_argument("--output_dir", type=Path, default=Path("runs", "reproduction"))
    parser.add_argument("--pictures", type=Path, default=DOCS / PICTURES, metavar="FOLDER")
    options = parser.parse_args(arguments)
    n_missing = 0
    for data, read in DATA_SETS.items():
        pixels, labels = read()
        rows_of: dict[str, Rows | None] = {"raw": pixels}
        for name, (loss, phase) in CODES.items():
            rows_of[name] = codes(f"taxonomy_case_study_{loss}_{data}", phase, options.output_dir)
        for name, rows in rows_of.items():
            file = options.pictures / f"taxonomy_case_study_kld_{data}-{name}.svg"
            if rows is None:
                sys.stderr.write(f"{file.name}: its run has not finished\n")
                n_missing += 1
                continue
            places, _ = project(rows[:POINTS], T_SNE, None)
            write_atomically(file, picture(places, labels[:POINTS], f"{data}, {name}").encode())
    return 1 if n_missing else 0


def codes(name: str, phase: str, output_dir: Path) -> Rows | None:
    """Return the codes (n, d) after a phase of the first finished run of a reproduction, or None.

    Args:
        name: of the reproduction.
        phase: its codes were saved after it.
        output_dir: with the runs of reproductions.
    """
    runs = ReproducedRuns(read_reproductions()[name], output_dir)
    for folder in run_folders(runs.folder / clean_name(name)):
        files = sorted((folder / "features").glob(f"*-{clean_name(phase)}.npy"))
        if files and (folder / RESULT).exists():
            rows: Rows = np.load(files[-1], allow_pickle=False)
            return rows
    return None


def picture(places: Places, labels: Labels, title: str) -> str:
    """Return an SVG document of points.

    Args:
        places: (n, 2).
        labels: (n,), whose colors repeat after ten, then as squares.
        title: above the points.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    scale = (_SIDE - 2 * _MARGIN) / (float((high - low).max()) or 1.0)
    pixels = _SIDE / 2 + (places - (low + high) / 2) * scale * (1, -1)
    paths = []
    for label in np.unique(labels).tolist():
        cap = "round" if label < len(COLORS) else "square"
        points = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in pixels[labels == label].tolist())
        color = COLORS[label % len(COLORS)]
        paths.append(f'<path d="{points}" stroke="{color}" stroke-linecap="{cap}"/>')
    drawn = f'<g stroke-width="3" fill="none">{"".join(paths)}</g>'
    panels = [
        (float(_MARGIN), float(_TITLE - 4), 1.0, text(0, 0, title, 11)),
        (0.0, float(_TITLE), 1.0, drawn),
    ]
    return document(panels, _SIDE, _SIDE + _TITLE)


def _mnist() -> tuple[Rows, Labels]:
    """Return pixels (10000, 784) and labels of the test images, the first ones of the method."""
    test = MNIST(DATA / "mnist", train=False)
    return test.data.flatten(1).float().numpy() / 255, test.targets.numpy()


def _coil20() -> tuple[Rows, Labels]:
    with np.load(DATA / "coil20" / "coil20.npz") as file:
        images = file["images"].astype(np.float32) / 255
        return images.reshape(len(images), -1), file["labels"].astype(np.int64)


DATA_SETS: Mapping[str, Callable[[], tuple[Rows, Labels]]] = {"mnist": _mnist, "coil20": _coil20}
"""Name in the reproductions -> pixels and labels in the order of the method file."""

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
