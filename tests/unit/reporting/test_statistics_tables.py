"""Tables with a column for each statistic."""

import csv
import re
from dataclasses import replace
from statistics import median

import pytest

from dcrf.reporting.comparison import compare
from dcrf.reporting.statistics_tables import STATISTICS, StatisticsTable
from tests.unit.reporting.test_comparison import DEC, IDEC, LONG


def statistics(methods=(DEC, IDEC), names=STATISTICS):
    comparison = compare(list(methods))
    intervals = {key: (0.25, 0.75) if len(s) > 2 else None for key, s in comparison.values.items()}
    return StatisticsTable(comparison, names, intervals)


def test_text_has_a_table_for_each_data_set_and_score():
    parts = statistics().text(["a note"], 80).split("\n\n")

    assert len(parts) == 2 * 3 + 1
    title, header, _, dec, idec = parts[0].splitlines()
    assert title == "data set digits, ACC"
    assert header.split("  ")[-1].strip() == "n"
    assert dec.split() == ["dec", "0.500", "0.250", "0.500", "[0.250,", "0.750]", "3"]
    assert idec.split() == ["idec", "*0.750", "0.177", "0.750", "-", "2"]
    assert parts[-1].splitlines()[-2:] == ["* best mean on the data set", "a note"]


@pytest.mark.parametrize("width", [40, 60, 80, 140])
@pytest.mark.parametrize("methods", [[DEC, IDEC], [LONG, replace(LONG, name="idec")]])
def test_text_fits_the_width(width, methods):
    text = statistics(methods).text(["a note with many words " * 10], width)

    assert max(map(len, text.splitlines())) <= width
    for name in ("mean", "deviation", "median", "95 % interval", "n"):
        assert name in text


def test_without_the_mean_no_best_one_is_marked():
    text = statistics(names=["median"]).text([], 80)

    assert "*" not in text
    assert text.splitlines()[1].split() == ["method", "median"]


def test_markdown_has_a_row_for_each_method_data_set_and_score():
    lines = statistics().markdown(["50 %"]).splitlines()

    assert lines[0] == (
        "| data set | score | method | mean | deviation | median | 95 % interval | n |"
    )
    assert len([line for line in lines if line.startswith("|")]) == 2 + 2 * 3 * 2
    assert lines[2] == (r"| digits | ACC | dec | 0.500 | 0.250 | 0.500 | \[0.250, 0.750] | 3 |")
    assert "| **0.750** |" in lines[3]


def test_latex_escapes_brackets_which_are_an_option_after_a_line_break():
    lines = statistics([replace(DEC, name="[1] a_b*"), IDEC]).latex(["note"]).splitlines()

    rows = [line for line in lines if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {7}
    assert rows[0] == (
        r"data set & score & method & mean & deviation & median & 95 \% interval & n \\"
    )
    assert r"{[}1{]} a\_b{*} & 0.500 & 0.250 & 0.500 & {[}0.250, 0.750{]} & 3 \\" in rows[1]


def test_csv_has_the_two_ends_of_the_interval():
    rows = list(csv.DictReader(statistics().csv().splitlines()))

    first = rows[0]
    assert (first["low"], first["high"], first["n"], first["best"]) == ("0.25", "0.75", "3", "no")
    assert float(first["median"]) == median([0.75, 0.5, 0.25])
    assert (rows[1]["method"], rows[1]["low"], rows[1]["seeds"]) == ("idec", "", "0 1")
