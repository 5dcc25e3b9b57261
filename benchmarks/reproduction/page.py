"""The page of reproductions, its overview in the page of methods, and its pictures."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from benchmarks.reproduction.results import Results
from dcrf.pictures.drawings import COLORS, GRAY, document, text
from dcrf.pictures.line_chart import line_chart
from dcrf.reporting.markup import markdown, markdown_lines
from dcrf.reporting.scores import heading
from dcrf.reproduction.distance import Distance, distances
from dcrf.reproduction.entries import Reproduction
from dcrf.reproduction.figures import TAGS
from dcrf.reproduction.lines import (
    HEADER,
    cells,
    distance_words,
    figure_words,
    hours,
    machines,
    our_words,
    published_words,
)
from dcrf.reproduction.seed_result import Curve, SeedResult
from dcrf.schema.default_metrics import default_metrics

DOCS = Path(__file__).parents[2] / "docs"
PAGE = "reproduction.md"
PICTURES = Path("pictures", "reproduction")

INTRODUCTION = """\
# Reproduction

Written by `make reproduce` and `make schema`; do not edit. Each section runs a shipped method with
its published schedule and compares the scores at the end of a run with every published figure.
Nothing is chosen by labels here; published figures may be those of the best epoch or run.

```sh
dcrf reproduce --list
dcrf reproduce dec_mnist --seeds 3
dcrf reproduce dec_mnist --minutes 60
make reproduce
```

The first command lists all reproductions, and the second one runs three seeds of one and compares
them. A command that stops, by its `--minutes` or by Ctrl-C, leaves a checkpoint and continues when
it is called again. `make reproduce` runs all in the order of `benchmarks/reproduction/queue.json`;
`nohup make reproduce FLAGS="--minutes 600" > reproduce.log &` does so in the background, for ten
hours. It writes each result to `benchmarks/reproduction/results/` and this page, and commits
nothing.

Ours is the mean ± standard deviation (n - 1) over n seeds, with Student's 95 % interval of the
mean; the distance is ours less the published mean. p is that of an equal mean: by Welch's test if
the published deviation is known, else by a t-test that takes the published mean as exact. A single
seed has neither. *Above* and *below* mean p < 0.05. Hours are wall time of a seed, some of it on a
machine with other work. Curves are those of evaluations on the training data, one for each seed,
beside the published figure, which may be of other data."""

OVERVIEW = """\
## Reproduction

Methods with the published schedule beside the published figures: the first score of each figure.
[All scores, intervals and curves]({page}), with the commands."""

_UNIT = (0.0, 1.0)
_WIDTH, _HEIGHT, _LINE = 360, 170, 12


def reproduction_pages(
    known: Mapping[str, Reproduction], results: Results, folder: Path = DOCS
) -> dict[Path, str]:
    """Return path -> content of the page and of the pictures on it.

    Args:
        known: name -> reproduction.
        results: of them.
        folder: of the page. Files `NAME-*.svg` among its pictures are shown, too.
    """
    tags = "; ".join(f"[{tag}] {meaning}" for tag, meaning in TAGS.items())
    of_each = {name: [*results.read(r).values()] for name, r in known.items()}
    sections = [_section(r, of_each[name], folder) for name, r in known.items()]
    text = "\n\n".join([INTRODUCTION, f"Sources: {tags}.", *sections]) + "\n"
    drawings = {
        folder / PICTURES / f"{name}.svg": _picture(known[name], curves)
        for name, seeds in of_each.items()
        if (curves := _curves(seeds))
    }
    return {folder / PAGE: text, **drawings}


def overview(known: Mapping[str, Reproduction], results: Results, link: str) -> str:
    """Return a section with a row for each figure.

    Args:
        known: name -> reproduction.
        results: of them.
        link: to the page.
    """
    rows = []
    for reproduction in known.values():
        every = distances(reproduction.figures, [*results.read(reproduction).values()])
        for _, of_figure in groupby(every, key=lambda distance: distance.figure):
            rows.append(_overview_row(reproduction.name, next(of_figure), link))
    header = ["reproduction", "figure", "score", "published", "ours", "distance", "verdict"]
    return f"{OVERVIEW.format(page=link)}\n\n{markdown_lines(header, rows, n_names=2)}"


def _overview_row(name: str, distance: Distance, link: str) -> list[str]:
    return [
        f"[`{name}`]({link}#{name})",
        markdown(figure_words(distance.figure)),
        heading(distance.metric),
        published_words(distance),
        our_words(distance),
        distance_words(distance),
        distance.verdict,
    ]


def _section(reproduction: Reproduction, results: Sequence[SeedResult], folder: Path) -> str:
    """Return the section of a reproduction on the page in a folder, with all of its pictures."""
    parts = [
        f"## {reproduction.name}",
        " ".join(filter(None, [_evaluated(reproduction), reproduction.note])),
        f"```sh\ndcrf reproduce {reproduction.name}\n```",
    ]
    every = distances(reproduction.figures, results)
    for figure, of_figure in groupby(every, key=lambda distance: distance.figure):
        parts.append(f"Published: {markdown(figure_words(figure))}.")
        parts.append(markdown_lines(HEADER, [_escaped(distance) for distance in of_figure]))
    parts.append(_runs(results))
    if reproduction.tried:
        parts.append(f"Tried: {reproduction.tried}")
    if _curves(results):
        parts.append(f"![ACC over iterations]({PICTURES}/{reproduction.name}.svg)")
    drawn = sorted((folder / PICTURES).glob(f"{reproduction.name}-*.svg"))
    if drawn:
        parts.append("\n".join(f"![{file.stem}]({PICTURES}/{file.name})" for file in drawn))
    return "\n\n".join(parts)


def _evaluated(reproduction: Reproduction) -> str:
    return f"Scores of {reproduction.evaluated_on}."


def _escaped(distance: Distance) -> list[str]:
    """Return the row of a distance, in which `<` begins no tag."""
    return [cell.replace("<", "\\<") for cell in cells(distance)]


def _runs(results: Sequence[SeedResult]) -> str:
    """Return seeds, hours, machines, dates and versions."""
    if not results:
        return "Not run."
    seeds = ", ".join(str(result.seed) for result in results)
    dates = " to ".join(dict.fromkeys(f(r.date for r in results) for f in (min, max)))
    versions = ", ".join(dict.fromkeys(result.version for result in results if result.version))
    parts = [f"Seeds {seeds}: {hours(results)} each", "; ".join(machines(results)), dates]
    informed = ["labels influenced the result"] if any(r.label_informed for r in results) else []
    return "; ".join(filter(None, [*parts, versions, *informed])) + "."


def _curves(results: Sequence[SeedResult]) -> dict[int, Curve]:
    """Return seed -> curve of the first score in the last phase that has evaluations."""
    metric = default_metrics("labels")[0]
    curves = {}
    for result in results:
        in_phases = [curve[metric] for curve in result.curves.values() if metric in curve]
        if in_phases:
            curves[result.seed] = in_phases[-1]
    return curves


def _picture(reproduction: Reproduction, curves: Mapping[int, Curve]) -> str:
    """Return curves with a line at the published value, and a legend."""
    metric = default_metrics("labels")[0]
    own = [f for f in reproduction.figures if metric in f.scores and f.reclustering is None]
    end = max(curve[-1][0] for curve in curves.values())
    lines = {f"published {f.scores[metric]:.3f}": [(0, f.scores[metric])] for f in own[:1]}
    lines = {name: [*points, (end, points[0][1])] for name, points in lines.items()}
    colors = [*[GRAY] * len(lines), *COLORS]
    lines |= {f"seed {seed}": [*curve] for seed, curve in curves.items()}
    chart = line_chart(lines, _UNIT, colors)
    names = zip(lines, (colors[n % len(colors)] for n in range(len(lines))), strict=True)
    words = [f'<tspan fill="{color}">{escape(name)} </tspan>' for name, color in names]
    legend = text(0, 0, "".join(words), 8)
    panels = [(0.0, 0.0, 1.0, chart), (46.0, _HEIGHT + _LINE / 2, 1.0, legend)]
    return document(panels, _WIDTH, _HEIGHT + _LINE)
