"""The page says what was measured, how, and whether it is in its band."""

from statistics import stdev

import pytest

from benchmarks.methods.page import page, table
from benchmarks.methods.records import Records
from dcrf.reproduction.figures import Band, Figure, Published
from tests.unit.benchmarks.methods.cases import measurement, write_method

FIGURE = Figure({"acc": 0.764, "ari": 0.707}, "DEC", "a repository", "R")


class Table:
    def __init__(self, folder):
        self.folder, self.records = folder, Records(folder / "results")
        reference = "https://arxiv.org/abs/1511.06335"
        self.file = write_method(folder / "methods" / "tiny.json", references=[reference])

    def cells(self, *measurements, **published):
        """Heading -> cell of the only row."""
        for result in measurements:
            self.records.write(self.file, result)
        known = {"tiny": Published(**published)} if published else {}
        lines = page([self.file], self.records, known, self.folder / "docs").splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("| method"))
        head, _, row = ([c.strip() for c in x.split("|")[1:-1]] for x in lines[start : start + 3])
        return dict(zip(head, row, strict=True))


@pytest.fixture
def shown(tmp_path):
    return Table(tmp_path)


def test_a_method_that_was_not_measured_says_so(shown):
    cells = shown.cells()

    assert cells["seeds"] == "not measured"
    assert {cells[name] for name in ("ACC", "NMI", "ARI", "band", "minutes", "measured")} == {"-"}


def test_a_row_names_file_reference_and_schedule(shown):
    cells = shown.cells()

    assert cells["method"] == "[`tiny`](../methods/tiny.json)"
    assert cells["follows"] == "[arxiv.org/abs/1511.06335](https://arxiv.org/abs/1511.06335)"
    assert cells["schedule"].startswith("pretraining 4 iterations<br>finetuning ")


def test_scores_are_mean_and_deviation_over_seeds(shown):
    values = [0.7, 0.75, 0.83]
    cells = shown.cells(*(measurement(shown.file, s, acc) for s, acc in enumerate(values)))

    assert cells["ACC"] == f"0.760 ± {stdev(values):.3f}"
    assert cells["NMI"].startswith("0.660 ± ")
    assert (cells["seeds"], cells["minutes"]) == ("3", "1.5")
    assert cells["measured"] == "2026-11-29 (a)"


def test_a_single_seed_has_no_deviation(shown):
    assert shown.cells(measurement(shown.file))["ACC"] == "0.750"


def test_published_figures_have_source_and_tag(shown):
    cells = shown.cells(figures=(FIGURE,))

    assert cells["published ACC/NMI/ARI"] == "0.764/-/0.707 DEC, a repository [R]"


@pytest.mark.parametrize(
    ("acc", "band"),
    [
        (0.73, "ACC 0.74 to 0.79: **below**"),
        (0.7395, "ACC 0.74 to 0.79: inside"),
        (0.7904, "ACC 0.74 to 0.79: inside"),
        (0.80, "ACC 0.74 to 0.79: **above**"),
    ],
)
def test_a_row_outside_its_band_says_so(acc, band, shown):
    cells = shown.cells(measurement(shown.file, acc=acc), band=Band("acc", 0.74, 0.79))

    assert cells["band"] == band


@pytest.mark.parametrize(
    ("acc", "end"), [(0.70, "below**. Twice as long: 0.75."), (0.75, "inside")]
)
def test_what_was_tried_stands_beside_values_outside(acc, end, shown):
    band = Band("acc", 0.74, 0.79, tried="Twice as long: 0.75.")

    cells = shown.cells(measurement(shown.file, acc=acc), band=band)

    assert cells["band"].endswith(end)


def test_failed_seeds_are_absent_from_means_and_named(shown):
    failed = measurement(shown.file, 1, status="diverged", scores={}, error="NaN")
    cells = shown.cells(measurement(shown.file), failed)

    assert (cells["ACC"], cells["seeds"]) == ("0.750", "1; seed 1: diverged")


def test_results_of_an_earlier_file_are_marked_until_there_are_new_ones(shown):
    old = measurement(shown.file, acc=0.5)
    shown.records.write(shown.file, old)
    shown.file = write_method(shown.file.path, precision="bf16")

    assert shown.cells()["seeds"] == "1; of an earlier file or version"
    assert shown.cells(measurement(shown.file, 1))["ACC"] == "0.750"


def test_each_machine_has_a_letter(shown):
    others = [measurement(shown.file, seed, machine=f"m{seed % 2}") for seed in range(3)]
    shown.cells(*others)
    text = page([shown.file], shown.records, {}, shown.folder)

    assert "(a) m0\n(b) m1" in text
    assert "2026-11-29 (a, b)" in text


def test_the_page_has_a_table_of_blocks(shown):
    text = page([shown.file], shown.records, {}, shown.folder)
    row = text.splitlines()[-1]

    assert "| method | architecture | features | non-clustering loss |" in text
    assert "| MLP | one layer | autoencoder reconstruction | cluster assignment hardening" in row


def test_a_table_is_markdown():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
