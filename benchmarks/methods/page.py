"""The page of methods: scores beside published ones, and building blocks."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from string import ascii_lowercase

from benchmarks.methods.blocks import HEADINGS, blocks_of
from benchmarks.methods.files import ROOT, MethodFile
from benchmarks.methods.records import SCORES, Measurement, Records
from benchmarks.reproduction.page import DOCS, PAGE, overview
from benchmarks.reproduction.results import Results
from dcrf.reproduction.entries import read_reproductions
from dcrf.reproduction.figures import TAGS, Figure, Published

INTRODUCTION = """\
# Methods

Written by `python -m benchmarks.methods` and `make schema`; do not edit. Each method file of
`configurations/` runs for its seeds. Scores are ACC, NMI and ARI of the final evaluation of its
last data set, as mean ± standard deviation (n - 1) over the seeds. Schedules may be shortened; the
description in a file states the published one. A band is the range of a correct implementation,
from published results and independent runs. Minutes are wall time of one seed, some of it on a
machine with other work. A first phase that several methods have in common is trained once per seed
and counted in the minutes of each; results are byte-identical to those of a method on its own."""

BLOCKS = """\
## Building blocks

The blocks of a method in the taxonomy of Aljalbout et al.
([arXiv 1801.07648](https://arxiv.org/abs/1801.07648), section 2), read from its file. *Joint*
updates train clusters with the network, *alternating* ones change them between its steps."""

MISSING = "-"


def page(
    files: Sequence[MethodFile],
    records: Records,
    published: Mapping[str, Published],
    folder: Path,
) -> str:
    """Return the page in Markdown.

    Args:
        files: a row for each.
        records: their measurements.
        published: stem of a file -> its figures and band.
        folder: of the page, from which its links lead.
    """
    machines: dict[str, str] = {}
    rows = [_row(file, records, published, folder, machines) for file in files]
    tags = "; ".join(f"[{tag}] {meaning}" for tag, meaning in TAGS.items())
    head = ["method", "follows", "published ACC/NMI/ARI", *map(str.upper, SCORES), "band"]
    head += ["seeds", "schedule", "minutes", "measured"]
    blocks = [[_link(f, folder), *(", ".join(v) or MISSING for v in _blocks(f))] for f in files]
    parts = [
        INTRODUCTION,
        table(head, rows),
        f"Sources of published results: {tags}.",
        "\n".join(f"({letter}) {machine}" for machine, letter in machines.items()),
        BLOCKS,
        table(["method", *HEADINGS.values()], blocks),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _row(
    file: MethodFile,
    records: Records,
    published: Mapping[str, Published],
    folder: Path,
    machines: dict[str, str],
) -> list[str]:
    """Return the row of a method; new machines get the next letter in `machines`."""
    known = published.get(file.stem, Published())
    measurements = list(records.read(file).values())
    current = records.current(file, measurements)
    shown = current or measurements
    ended = [m for m in shown if m.is_ok]
    for measurement in ended:
        machines.setdefault(measurement.machine, ascii_lowercase[len(machines)])
    return [
        _link(file, folder),
        "<br>".join(
            _reference(reference) for reference in file.config.filled.get("references", ())
        ),
        "<br>".join(map(_figure, known.figures)) or MISSING,
        *(_spread([m.scores[name] for m in ended if name in m.scores]) for name in SCORES),
        _band(known, ended),
        _seeds(shown, is_current=bool(current)),
        _schedule(file),
        f"{mean(m.seconds for m in ended) / 60:.1f}" if ended else MISSING,
        _measured(ended, machines),
    ]


def _link(file: MethodFile, folder: Path) -> str:
    return f"[`{file.config.name}`]({os.path.relpath(file.path, folder)})"


def _reference(address: str) -> str:
    return f"[{address.rpartition('//')[2]}]({address})"


def _figure(figure: Figure) -> str:
    values = "/".join(_score(figure.scores.get(name)) for name in SCORES)
    return f"{values} {figure.of}, {figure.source} [{figure.tag}]"


def _score(value: float | None) -> str:
    return MISSING if value is None else f"{value:.3f}"


def _spread(values: Sequence[float]) -> str:
    """Return mean and deviation; of a single value there is no deviation."""
    if not values:
        return MISSING
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def _band(known: Published, measurements: Sequence[Measurement]) -> str:
    """Return the band and whether the mean is in it."""
    if known.band is None:
        return MISSING
    band = known.band
    text = f"{band.metric.upper()} {band.low:.2f} to {band.high:.2f}"
    values = [m.scores[band.metric] for m in measurements if band.metric in m.scores]
    if not values:
        return text
    if band.contains(mean(values)):
        return f"{text}: inside"
    outside = f"{text}: **{'below' if mean(values) < band.low else 'above'}**"
    return f"{outside}. {band.tried}" if band.tried else outside


def _seeds(measurements: Sequence[Measurement], *, is_current: bool) -> str:
    """Return the number of seeds with scores, and why others have none."""
    if not measurements:
        return "not measured"
    number = sum(m.is_ok for m in measurements)
    notes = [f"seed {m.seed}: {m.status}" for m in measurements if not m.is_ok]
    if any(m.label_informed for m in measurements):
        notes.append("labels influenced the result")
    if not is_current:
        notes.append("of an earlier file or version")
    return "; ".join([str(number), *notes])


def _schedule(file: MethodFile) -> str:
    """Return the longest duration of every phase that trains."""
    durations = []
    for phase in file.config.phases:
        limits = [f"{phase.exit_criteria[u]:,} {u}" for u in _UNITS if u in phase.exit_criteria]
        if phase.trains:
            durations.append(f"{phase.name} {' or '.join(limits) or 'until met'}")
    return "<br>".join(durations) or MISSING


_UNITS = ("iterations", "epochs")


def _measured(measurements: Sequence[Measurement], machines: Mapping[str, str]) -> str:
    """Return the last date and the letters of the machines."""
    if not measurements:
        return MISSING
    letters = sorted({machines[measurement.machine] for measurement in measurements})
    return f"{max(m.date for m in measurements)} ({', '.join(letters)})"


def _blocks(file: MethodFile) -> list[tuple[str, ...]]:
    return list(blocks_of(file.config).values())


def pages(
    files: Sequence[MethodFile], records: Records, published: Mapping[str, Published]
) -> dict[Path, str]:
    """Return path -> text of the page in `configurations/` and of its copy in `docs/`.

    Both end with the overview of reproductions.
    """
    known, results = read_reproductions(), Results()
    texts = {}
    for path in (ROOT / "configurations" / "README.md", ROOT / "docs" / "methods.md"):
        link = os.path.relpath(DOCS / PAGE, path.parent)
        text = page(files, records, published, path.parent)
        texts[path] = f"{text}\n{overview(known, results, link)}\n"
    return texts
