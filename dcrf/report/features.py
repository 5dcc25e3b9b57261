"""Scatter plots of saved features."""

from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from dcrf.config.file_names import clean_name
from dcrf.errors import DataError
from dcrf.pictures.scatter import principal_plane, scatter
from dcrf.report.clusters import color
from dcrf.report.html import figure, grid, heading, joined, paragraph, section
from dcrf.report.learning_curves import legend
from dcrf.report.saved_files import SavedFiles
from dcrf.safety.numpy_headers import npy_header

_POINTS = 5000
_LEAST_POINTS = 500
_PLOTS = 12
_LEGEND = 20  # clusters
_DIMENSIONS = 4096  # whose principal axes take seconds


def features_section(run: SavedFiles, n_runs: int = 1) -> Markup:
    """Return a scatter plot after each phase of which the run has saved features.

    Points have the colors of the final clusters.

    Args:
        run: with a result.
        n_runs: number of runs that share the points of a page.
    """
    n_points = max(_POINTS // n_runs, _LEAST_POINTS)
    datasets = run.outcome.datasets if run.outcome else ()
    parts = [_plots(run, record.dataset, n_points) for record in datasets]
    if not any(parts):
        return Markup("")
    note = (
        "Features in which clusters are formed, on their first two principal axes. "
        "Colors are those of the final clusters."
    )
    return section("Features", paragraph(note, "soft"), *parts)


def _plots(run: SavedFiles, dataset: str, n_points: int) -> Markup:
    """Return the plots of a data set; nothing without saved features."""
    name = clean_name(dataset)
    phases = [p.phase for p in (run.outcome.phases if run.outcome else ()) if p.dataset == dataset]
    files = {p: run.folder / "features" / f"{name}-{clean_name(p)}.npy" for p in phases[-_PLOTS:]}
    files = {phase: file for phase, file in files.items() if file.is_file()}
    table = run.folder / "clusters" / f"{name}.csv"
    if not files or not table.is_file():
        return Markup("")
    try:
        clusters = _clusters(run, table)
        plots = [_plot(file, phase, clusters, n_points) for phase, file in files.items()]
    except (DataError, OSError, ValueError) as error:
        run.problems.append(f"features of {dataset} cannot be shown: {error}")
        return Markup("")
    numbers = np.unique(clusters)[:_LEGEND].tolist()
    colors = {"noise" if c < 0 else str(c): color(str(c)) for c in numbers}
    return joined(
        [heading(f"Features of {dataset}"), grid(plots, "grid plots"), paragraph(legend(colors))]
    )


def _clusters(run: SavedFiles, file: Path) -> NDArray[np.int64]:
    """Return the cluster of every sample. Raises ValueError if the table is damaged."""
    table = run.table(file)
    if table is None:
        raise ValueError(f"{file} is damaged")
    try:
        return np.array([int(cluster) for cluster in table.column("cluster")], np.int64)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error


def _plot(file: Path, phase: str, clusters: NDArray[np.int64], n_points: int) -> Markup:
    """Return the plot of a file of features.

    Raises:
        DataError, OSError, ValueError: the file does not fit the clusters.
    """
    try:
        shape = npy_header(file).shape
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    if len(shape) != 2 or shape[0] != len(clusters) or not 0 < shape[1] <= _DIMENSIONS:  # noqa: PLR2004
        raise ValueError(f"{file} has the shape {shape}, not ({len(clusters)}, 1 to {_DIMENSIONS})")
    rows = np.load(file, mmap_mode="r", allow_pickle=False)
    chosen = np.linspace(0, len(rows) - 1, min(n_points, len(rows))).round().astype(np.int64)
    own = np.asarray(rows[chosen], dtype=np.float64)
    if not np.isfinite(own).all():
        raise ValueError(f"{file} has values that are NaN or infinite")
    places, share = principal_plane(own)
    of_all = "" if len(own) == len(rows) else f" of {len(rows):,}"
    caption = f"after {phase}; {len(own):,}{of_all} samples, {100 * share:.0f} % of the variance"
    return figure(Markup(scatter(places, clusters[chosen])), caption)
