"""Figures of runs for papers, as PNG and PDF, by matplotlib."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dcrf.config.file_names import clean_name
from dcrf.extras import optional_package
from dcrf.pictures.drawings import COLORS, GRAY
from dcrf.pictures.line_chart import Points
from dcrf.pictures.scatter import NO_MARK, Axes, Groups
from dcrf.report.clusters import Confusion, confusion_of
from dcrf.report.features import POINTS, moments_of, placed_moments, shown_samples
from dcrf.report.projections import Places
from dcrf.report.saved_files import SavedFiles
from dcrf.reporting.scores import heading
from dcrf.schema.default_metrics import default_metrics
from dcrf.storage.atomic_files import replacing

_WIDTH, _PANEL = 3.3, 1.0  # inches: a column of two, and the height of a curve
_STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # TrueType, which journals accept
    "savefig.dpi": 300,
    "text.parse_math": False,  # names of losses may have dollar signs
}
_ENDINGS = {"png": {"Software": None}, "pdf": {"CreationDate": None}}
"""Ending -> metadata; without a time, a figure has the same bytes twice."""
_CLASSES = 30  # of a matrix with numbers in a column
_LEGEND = 20


def write_plots(run: SavedFiles, folder: Path, projection: str) -> list[Path]:
    """Write curves, confusion matrices and scatter plots of a run; return the files.

    Files that are damaged are noted as problems of the run and have no figure.

    Args:
        run: finished or not.
        folder: of the figures.
        projection: of scatter plots.

    Raises:
        DataError: matplotlib, or the package of the projection, is not installed.
        OSError: a file cannot be written.
    """
    matplotlib = optional_package("matplotlib", "plots")
    figures = optional_package("matplotlib.figure", "plots")
    files = []
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
        for name, figure in _figures(run, projection, figures.Figure):
            for ending, metadata in _ENDINGS.items():
                file = folder / f"{name}.{ending}"
                with replacing(file) as stream:
                    figure.savefig(stream, format=ending, metadata=metadata)
                files.append(file)
    return files


def _figures(run: SavedFiles, projection: str, new: Any) -> Iterator[tuple[str, Any]]:
    """Yield names of files and figures, which `new` makes."""
    for dataset, phase in dict.fromkeys([*run.curves.losses, *run.curves.scores]):
        place = dataset, phase
        curves = run.curves.scores.get(place, {}), run.curves.losses.get(place, {})
        yield f"{clean_name(dataset)}-{clean_name(phase)}-curves", _curves(*curves, new)
    for dataset in run.datasets:
        name = clean_name(dataset)
        matrix = confusion_of(run, dataset)
        if matrix is not None:
            yield f"{name}-confusion", _confusion(matrix, new)
        yield from (
            (f"{name}-{end}", figure) for end, figure in _scatters(run, dataset, projection, new)
        )


def _curves(scores: Mapping[str, Points], losses: Mapping[str, Points], new: Any) -> Any:
    """Return scores in one panel, and each loss in a panel below."""
    together = {heading(n): scores[n] for n in default_metrics("labels") if n in scores}
    panels = [together] if together else []
    panels += [{name: points} for name, points in losses.items()]
    figure = new(figsize=(_WIDTH, 0.4 + _PANEL * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for panel, curves in zip(axes, panels, strict=True):
        for number, (name, points) in enumerate(curves.items()):
            color = COLORS[number % len(COLORS)]
            marker = "." if len(points) < _CLASSES else None
            panel.plot(*zip(*points, strict=True), color=color, label=name, marker=marker)
        if len(curves) > 1:
            panel.legend(ncols=3, loc="best")
        else:
            panel.set_title(next(iter(curves)), loc="left")
    axes[-1].set_xlim(left=0)
    axes[-1].set_xlabel("iteration")
    return figure


def _confusion(matrix: Confusion, new: Any) -> Any:
    """Return the matrix with the share of each class as shade."""
    counts = matrix.counts
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    height = _WIDTH * min(max(len(matrix.classes) / len(matrix.clusters), 0.4), 1.5)
    figure = new(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xlabel("cluster")
    axes.set_ylabel("class")
    if max(counts.shape) <= _CLASSES:
        axes.set_xticks(range(len(matrix.clusters)), matrix.clusters)
        axes.set_yticks(range(len(matrix.classes)), matrix.classes)
        size = min(7, 70 / max(counts.shape))
        for (row, column), n in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.6 else "black"  # noqa: PLR2004
            axes.text(column, row, n or "", ha="center", va="center", fontsize=size, color=color)
    return figure


def _scatters(
    run: SavedFiles, dataset: str, projection: str, new: Any
) -> Iterator[tuple[str, Any]]:
    """Yield a plot for each moment and grouping."""
    moments = moments_of(run, dataset)
    if not moments or (samples := shown_samples(run, dataset, POINTS)) is None:
        return
    for placed in placed_moments(run, moments, samples, projection):
        for groups in samples.groupings:
            drawing = _scatter(placed.places, groups, placed.axes, new)
            yield f"{placed.moment.file.stem}-{groups.kind}s", drawing


def _scatter(places: Places, groups: Groups, names: Axes, new: Any) -> Any:
    figure = new(figsize=(_WIDTH, _WIDTH), layout="constrained")
    axes = figure.subplots()
    for group in sorted(groups.marks):
        mark = groups.marks[group]
        color = GRAY if mark == NO_MARK else COLORS[mark % len(COLORS)]
        x, y = places[groups.values == group].T
        is_disc = mark < len(COLORS)
        axes.scatter(
            x, y, s=3, color=color, marker="o" if is_disc else "s", linewidths=0, rasterized=True,
            label="noise" if mark == NO_MARK else str(group),
        )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(names.names[0])
    axes.set_ylabel(names.names[1])
    if not names.has_scale:
        axes.set_xticks([])
        axes.set_yticks([])
    if len(groups.marks) <= _LEGEND:
        figure.legend(title=groups.kind, markerscale=3, handletextpad=0, loc="outside right upper")
    return figure
