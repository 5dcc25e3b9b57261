"""The curves of losses and scores."""

from collections.abc import Mapping

from markupsafe import Markup

from dcrf.pictures.line_chart import Points, line_chart
from dcrf.report.html import figure, grid, heading, joined, section
from dcrf.report.marks import legend
from dcrf.report.saved_files import SavedFiles
from dcrf.reporting import scores
from dcrf.schema.default_metrics import default_metrics

_UNIT = (0.0, 1.0)


def curves_section(run: SavedFiles) -> Markup:
    """Return a chart for each loss and a chart of scores, by data set and phase.

    Losses of patterns are unweighted.
    """
    parts = []
    for place in dict.fromkeys([*run.curves.losses, *run.curves.scores]):
        charts = _score_charts(run.curves.scores.get(place, {}))
        charts += [
            _chart({name: points}, name)
            for name, points in run.curves.losses.get(place, {}).items()
        ]
        dataset, phase = place
        parts.append(joined([heading(f"{phase} on {dataset}"), grid(charts)]))
    return section("Losses and scores over iterations", *parts)


def _score_charts(values: Mapping[str, Points]) -> list[Markup]:
    """Return a chart of the default scores, which share an axis, and one for each other score."""
    together = {name: values[name] for name in default_metrics("labels") if name in values}
    charts = [_chart({scores.heading(n): p for n, p in together.items()})] if together else []
    others = [name for name in values if name not in together]
    return charts + [_chart({name: values[name]}, scores.heading(name)) for name in others]


def _chart(curves: Mapping[str, Points], title: str = "") -> Markup:
    """Return a chart; one without a title has a legend and values in [0, 1]."""
    if title:
        return figure(Markup(line_chart(curves)), title)
    values = [value for points in curves.values() for _, value in points]
    bounds = _UNIT if min(values) >= 0 else None
    drawing = Markup(line_chart(curves, bounds))
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(
        drawing, legend({name: number for number, name in enumerate(curves)})
    )
