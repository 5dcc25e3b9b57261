"""Scatter plots of some samples, and of their features at moments of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from dcrf.config.file_names import clean_name
from dcrf.errors import DataError
from dcrf.functional.contingency import optimal_matches
from dcrf.pictures.scatter import MARKS, Axes, Groups, scatter
from dcrf.randomness import random_indices
from dcrf.report.html import choice, figure, grid, heading, joined, paragraph, section, steps
from dcrf.report.marks import CLUSTER, LABEL, legend, mark
from dcrf.report.projection_names import NOTES, PCA
from dcrf.report.projections import Places, project
from dcrf.report.saved_files import SavedFiles
from dcrf.runs.cluster_files import TABLES
from dcrf.runs.moments import MOMENTS, SAMPLES, end_of, within
from dcrf.safety.numpy_headers import npy_header

POINTS = 2000
"""Samples of a plot."""
_LEAST_POINTS = 300
_MOMENTS = 24
_SIDE_BY_SIDE = 3  # more moments are steps
_LEGEND = 40  # groups
_DIMENSIONS = 2**13  # whose principal axes take seconds

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moment:
    """A file of rows, one for each of some samples.

    name: in a list of moments.
    caption: of the plot.
    """

    file: Path
    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class PlacedMoment:
    """The places of the samples to show at a moment, in a projection of `width` values each."""

    moment: Moment
    width: int
    places: Places
    axes: Axes


@dataclass(frozen=True, slots=True)
class Shown:
    """The samples that plots show.

    rows: (m,) of the rows in the files of moments.
    n_kept: number of rows of these files.
    groupings: of the samples.
    """

    rows: NDArray[np.int64]
    n_kept: int
    groupings: Sequence[Groups]


def features_section(
    run: SavedFiles, key: str = "", n_runs: int = 1, projection: str = PCA
) -> Markup:
    """Return plots of some samples of each data set, and of their features at moments of the run.

    Points have the colors of the final clusters or, at a choice, of the labels.

    Args:
        run: finished or not.
        key: begins the names of elements; another one for each run of a page.
        n_runs: number of runs that share the points of a page.
        projection: to the plane.

    Raises:
        DataError: the package of the projection is not installed.
    """
    n_points = max(POINTS // n_runs, _LEAST_POINTS)
    parts = []
    for number, dataset in enumerate(run.datasets):
        moments = moments_of(run, dataset)
        if moments and (samples := shown_samples(run, dataset, n_points)):
            plots = list(_plots(run, moments, samples, projection))
            parts.append(_data_set(dataset, f"{key}{number}", plots, samples))
    if not any(parts):
        return Markup("")
    colors = "Colors are final clusters or labels."
    note = paragraph(f"The same samples at each moment, {NOTES[projection]}. {colors}", "soft")
    return section("Samples and features", note, *parts)


def _data_set(
    dataset: str, key: str, plots: Sequence[tuple[str, Markup]], samples: Shown
) -> Markup:
    """Return the plots of a data set, the legend and the choice of colors."""
    if not plots:
        return Markup("")
    names = {LABEL: "labels", CLUSTER: "clusters"}
    colors = {names[groups.kind]: f"by-{groups.kind}" for groups in samples.groupings}
    chooser = choice("Colors", f"colors-{key}", colors) if colors else Markup("")
    if len(plots) <= _SIDE_BY_SIDE:
        drawn = grid((plot for _, plot in plots), "grid plots")
    else:
        drawn = steps(f"moment-{key}", plots)
    legends = [
        legend(
            {"noise" if v < 0 else str(v): groups.marks[v] for v in sorted(groups.marks)[:_LEGEND]},
            f"legend of-{groups.kind}",
        )
        for groups in samples.groupings
    ]
    return Markup('<div class="scatter">{}</div>').format(
        joined([heading(f"{dataset}: {len(samples.rows):,} samples"), chooser, drawn, *legends])
    )


def moments_of(run: SavedFiles, dataset: str) -> list[Moment]:
    """Return the samples and the moments of phases in their order, at most 24 of these."""
    folder = run.folder / MOMENTS / clean_name(dataset)
    if not (folder / f"{SAMPLES}.csv").is_file():
        return []
    ends = {p.phase: p.iteration for p in run.phases_of(dataset)}
    moments = [
        moment for phase in run.phases for moment in _of_phase(folder, phase, ends.get(phase))
    ]
    chosen = np.linspace(0, len(moments) - 1, min(_MOMENTS, len(moments))).round().astype(np.int64)
    samples = Moment(folder / f"{SAMPLES}.npy", "samples", "samples")
    return [samples, *(moments[place] for place in chosen.tolist())]


def _of_phase(folder: Path, phase: str, last: int | None) -> Iterator[Moment]:
    """Yield the moments within a phase, and its end, which may be after iteration `last`."""
    prefix = within(phase, "")
    texts = [file.stem.removeprefix(prefix) for file in folder.glob(f"{escape(prefix)}*.npy")]
    for iteration in sorted(int(text) for text in texts if text.isdecimal()):
        if iteration != last:
            caption = f"after iteration {iteration:,} of {phase}"
            yield Moment(folder / f"{within(phase, iteration)}.npy", f"{iteration:,}", caption)
    if "end" in texts:
        yield Moment(folder / f"{end_of(phase)}.npy", f"after {phase}", f"after {phase}")


def shown_samples(run: SavedFiles, dataset: str, n_points: int) -> Shown | None:
    """Return the samples to show with their final clusters and labels, None if files are damaged.

    A run that has not finished has no clusters, data may have no labels.
    """
    name = clean_name(dataset)
    file, clusters = (
        run.folder / MOMENTS / name / f"{SAMPLES}.csv",
        run.folder / TABLES / f"{name}.csv",
    )
    table = run.table(file)
    if table is None:
        return None
    try:
        samples = _integers(table.column("sample"))
        rows = random_indices(len(samples), n_points)
        values = {}
        if clusters.is_file() and (finals := run.table(clusters)) is not None:
            values[CLUSTER] = _integers(finals.column("cluster"))[samples[rows]]
        if "label" in table.header:
            values[LABEL] = _integers(table.column("label"))[rows]
    except (ValueError, OverflowError, IndexError) as error:
        run.problems.append(f"the samples of {dataset} cannot be shown: {file}: {error}")
        return None
    marks = {kind: {v: mark(v) for v in np.unique(own).tolist()} for kind, own in values.items()}
    if len(values) > 1:
        marks[LABEL] = _marks_of_labels(values[LABEL], values[CLUSTER])
    groupings = [Groups(kind, values[kind], marks[kind]) for kind in values]
    return Shown(rows, len(samples), groupings)


def _integers(cells: Sequence[str]) -> Labels:
    return np.array([int(cell) for cell in cells], np.int64)


def _marks_of_labels(labels: Labels, clusters: Labels) -> dict[int, int]:
    """Return the mark of each label: that of the cluster that it is matched to, or a free one."""
    names, rows = np.unique(labels, return_inverse=True)
    groups, columns = np.unique(clusters, return_inverse=True)
    counts = np.zeros((len(names), len(groups)), np.int64)
    np.add.at(counts, (rows, columns), 1)
    counts[:, groups < 0] = 0
    matched = {
        int(names[row]): mark(int(groups[column]))
        for row, column in optimal_matches(counts).items()
        if groups[column] >= 0
    }
    free = [number for number in range(MARKS) if number not in matched.values()] or range(MARKS)
    others = [name for name in names.tolist() if name not in matched]
    return matched | {name: free[place % len(free)] for place, name in enumerate(others)}


def _plots(
    run: SavedFiles, moments: Sequence[Moment], samples: Shown, projection: str
) -> Iterator[tuple[str, Markup]]:
    """Yield the name and the plot of each moment whose file can be read."""
    for placed in placed_moments(run, moments, samples, projection):
        drawing = Markup(scatter(placed.places, samples.groupings, placed.axes))
        caption = f"{placed.moment.caption}, {placed.width:,} values each"
        yield placed.moment.name, figure(drawing, caption)


def placed_moments(
    run: SavedFiles, moments: Sequence[Moment], samples: Shown, projection: str
) -> Iterator[PlacedMoment]:
    """Yield the places of samples at each moment, which start from those of the one before.

    A moment whose file cannot be read becomes a problem of the run.
    """
    before: Places | None = None
    for moment in moments:
        try:
            rows = _rows_of(moment, samples)
        except (DataError, OSError, ValueError) as error:
            run.problems.append(f"the plot of {moment.caption} is absent: {error}")
            continue
        before, axes = project(rows, projection, before)
        yield PlacedMoment(moment, rows.shape[1], before, axes)


def _rows_of(moment: Moment, samples: Shown) -> NDArray[np.float32]:
    """Return the rows of the samples to show.

    Raises:
        DataError, OSError, ValueError: the file does not fit the samples.
    """
    file = moment.file
    try:
        shape = npy_header(file).shape
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    n = samples.n_kept
    if len(shape) != 2 or shape[0] != n or not 0 < shape[1] <= _DIMENSIONS:  # noqa: PLR2004
        raise ValueError(f"{file} has the shape {shape}, not ({n}, 1 to {_DIMENSIONS})")
    rows = np.load(file, mmap_mode="r", allow_pickle=False)[samples.rows].astype(np.float32)
    if not np.isfinite(rows).all():
        raise ValueError(f"{file} has values that are NaN or infinite")
    return rows
