"""The page says what was published, what came out, and what has not run."""

from xml.etree import ElementTree

import pytest

from benchmarks.reproduction.page import overview, reproduction_pages
from benchmarks.reproduction.results import Results
from tests.unit.reproduction.cases import reproduction, result

SVG = "{http://www.w3.org/2000/svg}"


class Pages:
    def __init__(self, folder):
        self.folder, self.results = folder, Results(folder / "results")

    def of(self, *results, **changes):
        """Name of the file -> content."""
        known = reproduction(**changes)
        for one in results:
            self.results.write(known, one)
        texts = reproduction_pages({known.name: known}, self.results, self.folder)
        return {path.relative_to(self.folder).as_posix(): text for path, text in texts.items()}

    def section(self, *results, **changes):
        return self.of(*results, **changes)["reproduction.md"].partition("\n## tiny\n")[2]


@pytest.fixture
def pages(tmp_path):
    return Pages(tmp_path)


def test_what_has_not_run_says_so(pages):
    assert [*pages.of()] == ["reproduction.md"]
    section = pages.section()

    assert "Scores of the test images." in section
    assert "```sh\ndcrf reproduce tiny\n```" in section
    assert "| ACC | 0.900 ± 0.010 | - | - | - | - | not run |" in section
    assert section.endswith("\n\nNot run.\n")


def test_every_figure_has_a_table(pages):
    section = pages.section(result(0, 0.70), result(1, 0.72), tried="Longer: 0.75.", note="Short.")

    assert "Scores of the test images. Short." in section
    assert "Published: mean of 10 runs, a paper \\[R]." in section
    assert "| ACC | 0.900 ± 0.010 | 0.710 ± 0.014 (n=2) | 0.583 to 0.837 | -0.190 |" in section
    assert section.count("| below |") == 3
    assert section.count("| score |") == 2
    assert "Seeds 0, 1: 1 h 30 min each; a machine; 2026-11-30; 1.0." in section
    assert "Tried: Longer: 0.75." in section


def test_curves_are_a_picture_with_the_published_value(pages):
    texts = pages.of(result(0), result(3))
    drawing = texts["pictures/reproduction/tiny.svg"]

    assert "](pictures/reproduction/tiny.svg)" in texts["reproduction.md"]
    root = ElementTree.fromstring(drawing)
    assert len(list(root.iter(f"{SVG}polyline"))) == 3
    words = [span.text.strip() for span in root.iter(f"{SVG}tspan")]
    assert words == ["published 0.900", "seed 0", "seed 3"]


def test_a_result_without_evaluations_has_no_picture(pages):
    assert [*pages.of(result(curves={}))] == ["reproduction.md"]


def test_labels_that_influenced_a_result_are_named(pages):
    assert "labels influenced the result" in pages.section(result(label_informed=True))


def test_the_overview_has_the_first_score_of_every_figure(pages):
    pages.of(result(0, 0.95))
    known = {"tiny": reproduction()}

    text = overview(known, pages.results, "../docs/reproduction.md")

    rows = text.splitlines()[-2:]
    assert rows[0].startswith("| [`tiny`](../docs/reproduction.md#tiny) | mean of 10 runs, a paper")
    assert rows[0].endswith(
        "| ACC | 0.900 ± 0.010 | 0.950 (n=1) | +0.050 | no test below 2 seeds |"
    )
    assert "baseline" in rows[1]


def test_other_pictures_of_a_reproduction_are_shown(pages):
    folder = pages.folder / "pictures" / "reproduction"
    folder.mkdir(parents=True)
    for name in ("tiny-raw", "tiny-codes", "tinyer-raw"):
        (folder / f"{name}.svg").write_text("")

    section = pages.section()

    shown = "![tiny-codes](pictures/reproduction/tiny-codes.svg)\n"
    assert section.endswith(f"{shown}![tiny-raw](pictures/reproduction/tiny-raw.svg)\n")
