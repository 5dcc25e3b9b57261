"""A page to leaf through sets of objects and their partitions, and a sheet of them."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from dcrf.errors import counted
from dcrf.pictures.drawings import (
    GREEN,
    RED,
    WIDTH,
    Panel,
    SetDrawing,
    document,
    matched,
    text,
)
from dcrf.pictures.partitioned_set import PartitionedSet
from dcrf.pictures.tables import objects_table, scores_table
from dcrf.reporting.scores import heading
from dcrf.storage.atomic_files import write_atomically

_COLUMNS = 4  # of a sheet
_GAP, _HEAD = 10, 12


def write_pages(folder: Path, sets: Sequence[PartitionedSet], title: str) -> None:
    """Write `index.html`, `sheet.svg`, `objects.csv` and `scores.csv`.

    Args:
        folder: is made if it does not exist.
        sets: at least one, all with a known partition or none.
        title: of the page.

    Raises:
        OSError: a file cannot be written.
    """
    drawings = [SetDrawing(partitioned, f"s{place}") for place, partitioned in enumerate(sets)]
    write_atomically(folder / "objects.csv", objects_table(sets).encode())
    write_atomically(folder / "scores.csv", scores_table(sets).encode())
    write_atomically(folder / "sheet.svg", sheet(drawings).encode())
    write_atomically(folder / "index.html", page(drawings, title).encode())


def sheet(drawings: Sequence[SetDrawing]) -> str:
    """Return an SVG document of all sets: the known partition beside the predicted one."""
    pairs = [_pair(drawing) for drawing in drawings]
    columns = min(_COLUMNS, len(pairs))
    width = len(pairs[0]) * (WIDTH + 2) + _GAP
    rows = [pairs[start : start + columns] for start in range(0, len(pairs), columns)]
    heights = [max(panel.height for pair in row for panel in pair) + _HEAD + _GAP for row in rows]
    placed = [(0.0, 0.0, 1.0, f"<defs>{''.join(d.definitions() for d in drawings)}</defs>")]
    for place, (drawing, panels) in enumerate(zip(drawings, pairs, strict=True)):
        row, column = divmod(place, columns)
        left, top = _GAP + column * width, _GAP + sum(heights[:row])
        placed.append((left, top, 1.0, text(0, 6, _verdict(drawing), 7, _color(drawing))))
        for number, panel in enumerate(panels):
            placed.append((left + number * (WIDTH + 2), top + _HEAD, 0.97, panel.elements))
    return document(placed, columns * width + _GAP, sum(heights) + _GAP)


def page(drawings: Sequence[SetDrawing], title: str) -> str:
    """Return an HTML page: one set at a time, with its partition for every number of clusters."""
    definitions = "".join(drawing.definitions() for drawing in drawings)
    sections = "".join(_section(place, drawing) for place, drawing in enumerate(drawings))
    return _PAGE.format(
        title=escape(title),
        summary=_summary([drawing.partitioned for drawing in drawings]),
        definitions=definitions,
        sections=sections,
        overview=_overview(drawings) if len(drawings) > 1 else "",
    )


def _section(place: int, drawing: SetDrawing) -> str:
    partitioned = drawing.partitioned
    chosen = partitioned.n_clusters
    main = [] if partitioned.known is None else [("known", drawing.known())]
    main += [("predicted", drawing.predicted(chosen)), ("number of clusters", drawing.counts())]
    others = [
        (_caption(partitioned, number), drawing.predicted(number))
        for number in range(1, len(partitioned.probabilities) + 1)
    ]
    return (
        f'<section id="set-{place}"><h2>Set {place} '
        f'<span style="color:{_color(drawing)}">{_verdict(drawing)}</span></h2>'
        f'<div class="main">{"".join(_figure(*each) for each in main)}</div>'
        f"<h3>The partition for every number of clusters</h3>"
        f'<div class="others">{"".join(_figure(*each) for each in others)}</div></section>'
    )


def _overview(drawings: Sequence[SetDrawing]) -> str:
    """Return small pictures of all sets, which lead to theirs."""
    is_known = drawings[0].partitioned.known is not None
    beside = ", the known partition beside the predicted one" if is_known else ""
    tiles = "".join(_tile(place, drawing) for place, drawing in enumerate(drawings))
    return f'<h2>All sets{beside}</h2><div class="overview">{tiles}</div>'


def _tile(place: int, drawing: SetDrawing) -> str:
    figures = "".join(_svg(panel) for panel in _pair(drawing))
    verdict = f'<span style="color:{_color(drawing)}">{_verdict(drawing)}</span>'
    return f'<a href="#set-{place}"><span class="pair">{figures}</span>{place}: {verdict}</a>'


def _pair(drawing: SetDrawing) -> list[Panel]:
    """Return the known partition, if there is one, and the predicted one."""
    predicted = drawing.predicted(drawing.partitioned.n_clusters)
    return [predicted] if drawing.partitioned.known is None else [drawing.known(), predicted]


def _verdict(drawing: SetDrawing) -> str:
    """Return the predicted number of clusters, and whether it is right."""
    partitioned = drawing.partitioned
    number, known = partitioned.n_clusters, partitioned.known_n_clusters
    clusters = counted(number, "cluster")
    if known is None:
        return f"{clusters}"
    if number != known:
        return f"{clusters}, not {known}"
    n_wrong = int((matched(partitioned.clusters, partitioned) != partitioned.known).sum())
    if not n_wrong:
        return f"{clusters}, all right"
    return f"{clusters}, right; {counted(n_wrong, 'object')} wrong"


def _color(drawing: SetDrawing) -> str:
    known = drawing.partitioned.known_n_clusters
    if known is None:
        return "currentColor"
    return GREEN if known == drawing.partitioned.n_clusters else RED


def _caption(partitioned: PartitionedSet, number: int) -> str:
    scores = {name: values[number - 1] for name, values in partitioned.scores.items()}
    shown = [f"{heading(name)} {score:.2f}" for name, score in scores.items() if score is not None][
        :3
    ]
    return f"k = {number}, P {partitioned.probabilities[number - 1]:.2f}\n{'  '.join(shown)}"


def _summary(sets: Sequence[PartitionedSet]) -> str:
    """Return the number of sets, and the mean scores of their predicted partitions."""
    number = counted(len(sets), "set")
    if sets[0].known is None:
        return number
    right = sum(s.n_clusters == s.known_n_clusters for s in sets)
    means = {name: _mean_score(sets, name) for name in sets[0].scores}
    scores = [f"{heading(name)} {mean:.3f}" for name, mean in means.items() if mean is not None]
    return ", ".join([number, f"{right} with the right number of clusters", *scores])


def _mean_score(sets: Sequence[PartitionedSet], metric: str) -> float | None:
    values = [s.scores[metric][s.n_clusters - 1] for s in sets]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _figure(caption: str, panel: Panel) -> str:
    return f"<figure>{_svg(panel)}<figcaption>{escape(caption)}</figcaption></figure>"


def _svg(panel: Panel) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {panel.height:.2f}">{panel.elements}</svg>'


_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{
  font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 1.5rem auto; padding: 0 1rem;
}}
h1 {{ font-size: 1.3rem; margin-bottom: 0; }}
h2 {{ font-size: 1.1rem; }}
h3 {{ font-size: 1rem; font-weight: normal; opacity: .75; }}
nav {{ margin: 1rem 0; }}
button {{ font: inherit; padding: .2rem .8rem; }}
figure {{ margin: 0; }}
figcaption {{ font-size: .85rem; text-align: center; padding: .3rem; white-space: pre-line; }}
.main, .others, .overview {{ display: grid; gap: 1rem; }}
.main {{ grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); }}
.others {{ grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }}
.overview {{ grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); }}
.overview a {{ color: inherit; text-decoration: none; font-size: .85rem; }}
.pair {{ display: flex; gap: .3rem; border-top: 1px solid #8886; padding-top: .4rem; }}
section {{ scroll-margin-top: 10rem; }}
.pair svg {{ flex: 1; align-self: start; }}
.js section {{ display: none; }}
.js section.shown {{ display: block; }}
.definitions {{ position: absolute; width: 0; height: 0; }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<svg class="definitions" aria-hidden="true"><defs>{definitions}</defs></svg>
<nav hidden><button id="before">&larr; before</button> <button id="next">next &rarr;</button></nav>
{sections}
{overview}
<script>
const sections = [...document.querySelectorAll("section")];
const shown = () => Math.max(0, sections.findIndex(s => "#" + s.id === location.hash));
const show = () => sections.forEach((s, i) => s.classList.toggle("shown", i === shown()));
const turn = step => {{
  location.hash = sections[(shown() + step + sections.length) % sections.length].id;
}};
document.documentElement.classList.add("js");
document.querySelector("nav").hidden = sections.length === 1;
document.getElementById("before").onclick = () => turn(-1);
document.getElementById("next").onclick = () => turn(1);
addEventListener("hashchange", show);
addEventListener("keydown", event => {{
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "ArrowRight") turn(1);
}});
show();
</script>
</html>
"""
