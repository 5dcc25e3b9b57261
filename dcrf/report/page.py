"""The page of one or several runs."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from dcrf.report.clusters import clusters_section
from dcrf.report.example_images import images_of
from dcrf.report.features import features_section
from dcrf.report.head import description, scores_section, time_and_machine_section
from dcrf.report.html import details, joined, paragraph, shown
from dcrf.report.learning_curves import curves_section
from dcrf.report.method import method_section
from dcrf.report.projections import Projection
from dcrf.report.saved_files import SavedFiles, read_run
from dcrf.report.several_runs import overview
from dcrf.report.style import style
from dcrf.reporting.blocks import Block
from dcrf.runs.saved_scores import SavedRun

Describe = Callable[[SavedFiles], Sequence[Block]]
"""Describes the method of a run; notes a problem and returns nothing if that fails."""

_SECTIONS = 40  # runs with sections of their own


def page(saved: Sequence[SavedRun], describe: Describe, projection: Projection = "pca") -> str:
    """Return the page of runs, at least one. It refers to no other file.

    Args:
        saved: the runs.
        describe: their methods.
        projection: of scatter plots to the plane.

    Raises:
        DataError: a folder has no run, or the package of the projection is not installed.
    """
    runs = [read_run(run.folder) for run in saved]
    if len(runs) == 1:
        return _page(runs[0].method, _article(runs[0], describe, projection))
    shown_runs = runs[:_SECTIONS]
    parts = [
        Markup("<h1>{} runs</h1>").format(len(runs)),
        overview(saved, runs, len(shown_runs)),
        *(
            _folded(place, run, describe, projection, len(shown_runs))
            for place, run in enumerate(shown_runs)
        ),
    ]
    return _page(f"{len(runs)} runs", joined(parts))


def _page(title: str, body: Markup) -> str:
    return _PAGE.format(title=shown(title), style=Markup(style()), body=body)


def _folded(
    place: int, run: SavedFiles, describe: Describe, projection: Projection, n_runs: int
) -> Markup:
    """Return the sections of one of several runs, which a click or a link to it unfolds."""
    title = f"{run.method}, seed {run.seed}: {run.status}"
    article = Markup('<article id="run-{}">{}</article>').format(
        place, _article(run, describe, projection, f"{place}-", n_runs)
    )
    return details(title, article, "run")


def _article(
    run: SavedFiles, describe: Describe, projection: Projection, key: str = "", n_runs: int = 1
) -> Markup:
    """Return the sections of a run; with more runs on the page, fewer points and images of each."""
    sections = [  # before the result, which shows the problems that they note
        clusters_section(run, images_of(run), n_runs),
        features_section(run, key, n_runs, projection),
        curves_section(run),
        method_section(run, describe(run)),
    ]
    return joined(
        [
            Markup("<h1>{}</h1>").format(shown(run.method)),
            paragraph(str(run.folder), "path"),
            description(run),
            scores_section(run),
            *sections,
            time_and_machine_section(run),
        ]
    )


_PAGE = Markup("""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
{body}
</html>
""")
