"""The page of one or several runs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from dcrf.report.clusters import clusters_section
from dcrf.report.example_samples import SampleReader
from dcrf.report.features import features_section
from dcrf.report.head import description, pictures_section, scores_section, time_and_machine_section
from dcrf.report.html import details, joined, paragraph, shown
from dcrf.report.learning_curves import curves_section
from dcrf.report.method import Described, method_section
from dcrf.report.projection_names import PCA
from dcrf.report.saved_files import SavedFiles, read_run
from dcrf.report.settings import settings_since_earlier_run
from dcrf.report.several_runs import overview
from dcrf.report.style import style
from dcrf.runs.saved_scores import SavedRun

Describe = Callable[[SavedFiles], Described | None]
"""Describes the method of a run; notes a problem and returns None if that fails."""

_SECTIONS = 40  # runs with sections of their own


def page(saved: Sequence[SavedRun], describe: Describe, beside: Path, projection: str = PCA) -> str:
    """Return the page of runs, at least one. It shows no other file.

    Args:
        saved: the runs.
        describe: their methods.
        beside: the folder of the page, at which links to pictures of runs begin.
        projection: of scatter plots to the plane.

    Raises:
        DataError: a folder has no run, or the package of the projection is not installed.
    """
    runs = [read_run(run.folder) for run in saved]
    sections = Sections(describe, beside, projection, min(len(runs), _SECTIONS))
    if len(runs) == 1:
        run = runs[0]
        own = [sections.of(run, saved[0].settings), settings_since_earlier_run(run)]
        return _page(run.method, joined(own))
    parts = [
        Markup("<h1>{} runs</h1>").format(len(runs)),
        overview(saved, runs, sections.n_runs),
        *(
            _folded(place, run, sections.of(run, saved[place].settings, f"{place}-"))
            for place, run in enumerate(runs[: sections.n_runs])
        ),
    ]
    return _page(f"{len(runs)} runs", joined(parts))


def _page(title: str, body: Markup) -> str:
    return _PAGE.format(title=shown(title), style=Markup(style()), body=body)


def _folded(place: int, run: SavedFiles, sections: Markup) -> Markup:
    """Return the sections of one of several runs, which a click or a link to it unfolds."""
    title = f"{run.method}, seed {run.seed}: {run.status}"
    article = Markup('<article id="run-{}">{}</article>').format(place, sections)
    return details(title, article, "run")


class Sections:
    """Makes the sections of runs, which share descriptions of methods and data that are open.

    Args:
        describe: the method of a run.
        beside: the folder of the page.
        projection: of scatter plots.
        n_runs: number of runs of the page; of more there are fewer points and images of each.
    """

    def __init__(self, describe: Describe, beside: Path, projection: str, n_runs: int) -> None:
        self.describe, self.beside = describe, beside
        self.projection, self.n_runs = projection, n_runs
        self._reader = SampleReader()
        self._descriptions: dict[str, Described | None] = {}

    def of(self, run: SavedFiles, settings: str, key: str = "") -> Markup:
        """Return the sections of a run.

        Args:
            run: finished or not.
            settings: the digest of its configuration.
            key: begins the names of elements; another one for each run of a page.
        """
        if settings not in self._descriptions:
            self._descriptions[settings] = self.describe(run)
        sections = [  # before the result, which shows the problems that they note
            clusters_section(run, self._reader.read, self.n_runs),
            features_section(run, key, self.n_runs, self.projection),
            curves_section(run),
            method_section(run, self._descriptions[settings], key),
        ]
        return joined(
            [
                Markup("<h1>{}</h1>").format(shown(run.method)),
                paragraph(str(run.folder), "path"),
                description(run),
                scores_section(run),
                pictures_section(run, self.beside),
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
