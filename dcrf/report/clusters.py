"""Clusters: their sizes, their classes, what distinguishes them, and examples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from dcrf.config.file_names import clean_name
from dcrf.functional.contingency import optimal_matches
from dcrf.pictures.scatter import NO_MARK
from dcrf.report.example_samples import Drawn
from dcrf.report.html import figure, grid, heading, items, joined, paragraph, section, shown, table
from dcrf.report.marks import dot, mark
from dcrf.report.saved_files import SavedFiles, Table
from dcrf.reporting.records import DatasetRecord

ReadSamples = Callable[[SavedFiles, str, Sequence[int]], Drawn]
"""Takes a run, the name of a data set and samples."""

_CARDS = 40  # clusters with examples
_ROWS = 2  # of a kind
_IMAGES = 300  # of at most 48 x 48 pixels; 2 MB if all are noise in color
_COLUMNS = 5  # of the profile of a cluster
_CLASSES = 60  # of a confusion matrix that a screen shows
_NOISE = "-1"
_KINDS = ("exemplar", "ambiguous", "outlier")


def clusters_section(run: SavedFiles, read: ReadSamples, n_runs: int = 1) -> Markup:
    """Return sizes, confusion matrix, profiles and examples of the clusters of each data set.

    Args:
        run: with a result.
        read: returns samples of a data set as images or rows.
        n_runs: number of runs that share the images of a page.
    """
    parts = []
    for record in run.outcome.datasets if run.outcome else ():
        sizes = sizes_of(record)
        content = [
            sizes_bars(sizes),
            confusion_matrix(confusion_of(run, record.dataset)),
            _cards(run, record.dataset, sizes, read, _IMAGES // n_runs),
        ]
        if any(content):
            parts.append(joined([heading(f"Clusters of {record.dataset}"), *content]))
    return section("Clusters", *parts)


def sizes_of(record: DatasetRecord) -> dict[str, int]:
    """Return cluster -> size, and -1 -> number of noise samples if there are any."""
    evaluation = record.evaluation or {}
    sizes = evaluation.get("cluster_sizes")
    if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
        return {}
    noise = evaluation.get("noise", 0)
    return {**{str(c): size for c, size in enumerate(sizes)}, **({_NOISE: noise} if noise else {})}


def sizes_bars(sizes: Mapping[str, int]) -> Markup:
    """Return a bar for each of the first 200 clusters, colored as in the scatter plots."""
    most = max(sizes.values(), default=0)
    if not most:
        return Markup("")
    bars = joined(
        Markup('<div class="bar"><b>{}</b><span style="height:{:.1f}%">{}</span>{:,}</div>').format(
            "noise" if cluster == _NOISE else cluster,
            70 * size / most,
            dot(_mark(cluster)),
            size,
        )
        for cluster, size in list(sizes.items())[:200]
    )
    caption = f"samples in each of {len(sizes)} clusters"
    return figure(Markup('<div class="bars">{}</div>').format(bars), caption)


def _mark(cluster: str) -> int:
    return mark(int(cluster)) if cluster.isdecimal() else NO_MARK


@dataclass(frozen=True, slots=True)
class Confusion:
    """The samples of each class in each cluster.

    classes: their numbers.
    clusters: their numbers, those matched to the classes first.
    counts: (classes, clusters).
    noise: (classes,) samples without a cluster.
    matches: class -> cluster, one to one.
    """

    classes: Sequence[int]
    clusters: Sequence[int]
    counts: NDArray[np.int64]
    noise: NDArray[np.int64]
    matches: Mapping[int, int]


def confusion_of(run: SavedFiles, dataset: str) -> Confusion | None:
    """Return the confusion matrix that a run has written; None without one, or a damaged one."""
    file = run.folder / "confusion" / f"{clean_name(dataset)}.csv"
    cells = run.table(file) if file.is_file() else None
    if cells is None:
        return None
    try:
        columns = [map(int, cells.column(name)) for name in ("class", "cluster", "samples")]
        return confusion(list(zip(*columns, strict=True)))
    except (ValueError, OverflowError) as error:
        run.problems.append(f"{file} is damaged: {error}")
        return None


def confusion(cells: Sequence[tuple[int, int, int]]) -> Confusion | None:
    """Match classes and clusters one to one; None without a cluster.

    Args:
        cells: class, cluster and number of samples; cluster -1 is noise and has no match.
    """
    classes = sorted({label for label, _, _ in cells})
    clusters = sorted({cluster for _, cluster, _ in cells if cluster >= 0})
    if not clusters:
        return None
    rows = {label: place for place, label in enumerate(classes)}
    columns = {cluster: place for place, cluster in enumerate(clusters)}
    counts = np.zeros((len(classes), len(clusters)), np.int64)
    noise = np.zeros(len(classes), np.int64)
    for label, cluster, n in cells:
        if cluster >= 0:
            counts[rows[label], columns[cluster]] += n
        else:
            noise[rows[label]] += n
    matches = optimal_matches(counts)
    order = [matches[row] for row in range(len(classes)) if row in matches]
    order += [column for column in range(len(clusters)) if column not in order]
    return Confusion(
        classes,
        [clusters[column] for column in order],
        counts[:, order],
        noise,
        {classes[row]: clusters[column] for row, column in matches.items()},
    )


def confusion_matrix(matrix: Confusion | None) -> Markup:
    """Return a table of classes and clusters, the matches on its diagonal; nothing for None."""
    if matrix is None:
        return Markup("")
    n_classes, n_clusters = matrix.counts.shape
    if max(n_classes, n_clusters) > _CLASSES:
        size = f"{n_classes} classes and {n_clusters} clusters"
        return paragraph(f"The confusion matrix of {size} is too large for this page.", "soft")
    has_noise = bool(matrix.noise.any())
    lines = [
        [
            str(label),
            *_cells(matrix.counts[row], matrix.clusters, matrix.matches.get(label)),
            *([f"{matrix.noise[row]:,}"] if has_noise else []),
        ]
        for row, label in enumerate(matrix.classes)
    ]
    header = ["class", *map(str, matrix.clusters), *(["noise"] * has_noise)]
    caption = "Samples of each class in each cluster. Framed cells are matched one to one."
    return joined([table(header, lines, kind="matrix"), paragraph(caption, "soft")])


def _cells(
    counts: NDArray[np.int64], clusters: Sequence[int], match: int | None
) -> Iterator[Markup]:
    """Yield the cells of a class; their shade is the share of its samples."""
    total = max(int(counts.sum()), 1)
    for cluster, n in zip(clusters, counts.tolist(), strict=True):
        yield Markup('<span class="{}" style="--share:{:.0f}%">{}</span>').format(
            "match" if cluster == match else "", 80 * n / total, f"{n:,}" if n else ""
        )


def _cards(
    run: SavedFiles, dataset: str, sizes: Mapping[str, int], read: ReadSamples, n_images: int
) -> Markup:
    """Return a card for each cluster: its size, profile and examples."""
    name = f"{clean_name(dataset)}.csv"
    files = {kind: run.folder / kind / name for kind in ("profiles", "examples")}
    tables = {k: run.table(file) if file.is_file() else None for k, file in files.items()}
    try:
        profiles = _profiles(tables["profiles"])
        examples = _examples(tables["examples"])
    except ValueError as error:
        run.problems.append(f"{run.folder}: profiles or examples of {dataset} are damaged: {error}")
        return Markup("")
    clusters = sorted({*profiles, *examples}, key=lambda cluster: (len(cluster), cluster))
    samples = [s for c in clusters[:_CARDS] for own in examples.get(c, {}).values() for s, _ in own]
    drawn = read(run, dataset, samples[:n_images]) if samples else Drawn()
    cards = [
        _card(cluster, sizes, profiles.get(cluster, ()), examples.get(cluster, {}), drawn)
        for cluster in clusters[:_CARDS]
    ]
    rest = len(clusters) - _CARDS
    more = (
        paragraph(f"{rest} more clusters are in {files['examples']}.", "soft") if rest > 0 else ""
    )
    return joined([grid(cards, "cards"), more])


def _card(
    cluster: str,
    sizes: Mapping[str, int],
    profile: Sequence[str],
    examples: Mapping[str, Sequence[tuple[int, str]]],
    drawn: Drawn,
) -> Markup:
    size = f", {sizes[cluster]:,} samples" if cluster in sizes else ""
    strips = joined(
        Markup('<div class="strip"><span>{}</span>{}</div>').format(
            kind, _strip(examples[kind], drawn)
        )
        for kind in _KINDS
        if examples.get(kind)
    )
    return Markup('<div class="card"><h4>{}Cluster {}{}</h4>{}{}</div>').format(
        dot(_mark(cluster)), shown(cluster), size, items(profile, "profile"), strips
    )


def _strip(samples: Sequence[tuple[int, str]], drawn: Drawn) -> Markup:
    """Return samples as images or rows if there are any, else by their ids."""
    images = [
        Markup('<img src="{0}" alt="{1}" title="{1}">').format(drawn.images[sample], shown(name))
        for sample, name in samples
        if sample in drawn.images
    ]
    if images:
        return joined(images)
    rows = [
        Markup("<b>{}</b> {}").format(shown(name), shown(drawn.rows[sample]))
        for sample, name in samples[:_ROWS]
        if sample in drawn.rows
    ]
    if rows:
        return items(rows, "rows")
    return Markup('<span class="ids">{}</span>').format(shown(", ".join(n for _, n in samples)))


def _profiles(profiles: Table | None) -> dict[str, list[str]]:
    """Return cluster -> sentences about its first columns. Raises ValueError if damaged."""
    sentences: dict[str, list[str]] = {}
    if profiles is None:
        return sentences
    names = ("cluster", "column", "difference", "mean", "mean_of_all")
    for cluster, column, difference, mean, of_all in zip(*map(profiles.column, names), strict=True):
        own = sentences.setdefault(cluster, [])
        if len(own) < _COLUMNS:
            values = f"{float(mean):.3g}; all {float(of_all):.3g}"
            own.append(f"{column} {float(difference):+.1f} sd ({values})")
    return sentences


def _examples(examples: Table | None) -> dict[str, dict[str, list[tuple[int, str]]]]:
    """Return cluster -> kind -> samples with their ids. Raises ValueError if damaged."""
    found: dict[str, dict[str, list[tuple[int, str]]]] = {}
    if examples is None:
        return found
    numbers = examples.column("sample")
    ids = examples.column("id") if "id" in examples.header else numbers
    for cluster, kind, number, name in zip(
        examples.column("cluster"), examples.column("kind"), numbers, ids, strict=True
    ):
        found.setdefault(cluster, {}).setdefault(kind, []).append((int(number), name))
    return found
