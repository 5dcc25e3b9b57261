"""Comparisons of methods over seeds, and their tables."""

import csv
import re
from dataclasses import replace
from statistics import mean, stdev

import pytest

from dcrf.reporting.comparison import Difference, MethodRuns, compare, notes, verdicts
from dcrf.reporting.comparison_tables import (
    csv_table,
    latex_table,
    legend,
    markdown_table,
    text_table,
)
from dcrf.reporting.records import DatasetRecord, Outcome


def scored(acc, nmi=0.5, ari=0.25, n=200):
    return {"acc": acc, "nmi": nmi, "ari": ari, "n_samples": n, "internal": {}}


def runs(name, accs, datasets=("digits",), unfinished=(), **others):
    outcomes = {
        seed: Outcome(
            "f", name, seed, "ok", datasets=tuple(_record(d, acc) for d in datasets), **others
        )
        for seed, acc in enumerate(accs)
    }
    return MethodRuns(name, outcomes, unfinished)


def _record(dataset, acc):
    return DatasetRecord(dataset, None if acc is None else scored(acc))


DEC = runs("dec", [0.75, 0.5, 0.25], ("digits", "usps"))
IDEC = runs("idec", [0.875, 0.625], ("digits", "usps"))


def test_means_cover_the_runs_that_have_a_score():
    comparison = compare([DEC, IDEC])

    assert comparison.methods == ["dec", "idec"]
    assert comparison.datasets == ["digits", "usps"]
    assert comparison.values["dec", "digits", "acc"] == {0: 0.75, 1: 0.5, 2: 0.25}
    assert comparison.values["idec", "usps", "acc"] == {0: 0.875, 1: 0.625}
    assert comparison.n == 3


def test_the_best_means_are_marked_and_ties_both():
    best = compare([DEC, IDEC]).best

    assert ("idec", "digits", "acc") in best
    assert ("dec", "digits", "acc") not in best
    assert {("dec", "digits", "nmi"), ("idec", "digits", "nmi")} <= best


def test_a_single_method_is_not_the_best():
    assert not compare([DEC]).best


def test_a_result_that_labels_decided_is_never_the_best():
    informed = runs("informed", [0.99], label_informed=True)

    comparison = compare([informed, DEC, IDEC])

    assert not [key for key in comparison.best if key[0] == "informed"]
    assert "informed: labels influenced" in notes([informed, DEC], comparison)[0]


def test_data_of_one_name_and_different_sizes_are_two_data_sets():
    record = DatasetRecord("usps", scored(0.5, n=50))
    small = MethodRuns("small", {0: Outcome("f", "small", 0, "ok", datasets=(record,))})

    assert compare([DEC, small]).datasets == ["digits", "usps (n=200)", "usps (n=50)"]


def test_notes_count_unfinished_runs_and_name_provenance_and_unlabeled_data():
    seen = {"note": "its pretraining may have seen labels"}
    record = DatasetRecord("faces", scored(None, None, None), provenance=(seen,))
    outcome = Outcome("f", "dec", 0, "ok", datasets=(record,))
    method = MethodRuns("dec", {0: outcome}, ["runs/dec/1 (failed)"])

    assert notes([method], compare([method])) == [
        "dec: 1 of 2 runs has not finished: runs/dec/1 (failed)",
        "faces: its pretraining may have seen labels",
        "faces: no labels, so no scores",
    ]


def test_the_legend_says_which_deviation_it_is():
    both = compare([DEC, IDEC])

    assert legend(both) == "mean ± standard deviation (n - 1) over 3 runs, or over (n=...) runs"
    assert legend(compare([runs("dec", [0.5])])) == "scores of 1 run"
    assert legend(compare([runs("dec", [])])) == (
        "no run has scores by labels; dcrf select compares runs without labels"
    )


def test_text_has_a_table_for_each_data_set():
    text = text_table(compare([DEC, IDEC]), ["a note"], 80)

    digits, usps, below = text.split("\n\n")
    assert digits.splitlines()[0] == "data set digits"
    assert usps.splitlines()[0] == "data set usps"
    assert digits.splitlines()[1].split() == ["method", "ACC", "NMI", "ARI"]
    assert digits.splitlines()[3].split()[:4] == ["dec", "0.500", "±", "0.250"]
    assert digits.splitlines()[4].split()[:5] == ["idec", "*0.750", "±", "0.177", "(n=2)"]
    assert below.splitlines()[1:] == ["* best mean on the data set", "a note"]


LONG = runs(
    "a_method_with_a_long_name_" * 4, [0.1, 0.2, 0.3], ("a data set with a long name " * 4,)
)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("methods", [[DEC, IDEC], [LONG, replace(LONG, name="idec")]])
def test_text_fits_the_width(width, methods):
    text = text_table(compare(methods), ["a note with many words " * 10], width)

    assert max(map(len, text.splitlines())) <= width
    shown = " ".join(text.split()).replace("*", "")
    for method in methods:
        assert method.name.replace(" ", "") in re.sub(r"\s", "", text)
        for metric in ("ACC", "NMI", "ARI"):
            assert metric in shown


def test_markdown_has_a_row_for_each_method():
    lines = markdown_table(compare([DEC, replace(IDEC, name="i|d*ec")]), ["50 % <b>"]).splitlines()

    header = "| method | digits ACC | digits NMI | digits ARI | usps ACC | usps NMI | usps ARI |"
    assert lines[0] == header
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines[:4]] == [8] * 4
    assert lines[2].startswith("| dec | 0.500 ± 0.250 | **0.500** ± 0.000 |")
    assert lines[3].startswith(r"| i\|d\*ec | **0.750** ± 0.177 (n=2) |")
    assert lines[-1] == r"50 % \<b>"


def test_latex_escapes_names_and_has_a_cell_for_each_column():
    name = r"i_d & e%c#{1}~^\<|>$"
    lines = latex_table(compare([DEC, replace(IDEC, name=name)]), ["100 %\nnewline"]).splitlines()

    assert lines[:2] == [f"% {legend(compare([DEC, IDEC]))}", r"% 100 %\nnewline"]
    assert lines[2] == r"\begin{tabular}{lrrrrrr}"
    assert r"\multicolumn{3}{c}{digits}" in lines[4]
    rows = [line for line in lines if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [2, 6, 6, 6]
    assert r"\textbf{0.750} $\pm$ 0.177 (n=2)" in rows[3]
    assert rows[3].startswith(
        r"i\_d \& e\%c\#\{1\}\textasciitilde{}\textasciicircum{}\textbackslash{}"
        r"\textless{}\textbar{}\textgreater{}\$ &"
    )


def test_csv_has_a_row_for_each_method_data_set_and_score():
    comparison = compare([DEC, IDEC, runs("failed", [])])

    rows = list(csv.DictReader(csv_table(comparison).splitlines()))

    assert len(rows) == 3 * 2 * 3
    first = rows[0]
    assert (first["method"], first["dataset"], first["score"]) == ("dec", "digits", "acc")
    assert first["n"] == "3"
    assert float(first["mean"]) == mean([0.75, 0.5, 0.25])
    assert float(first["deviation"]) == stdev([0.75, 0.5, 0.25])
    assert (first["best"], first["seeds"]) == ("no", "0 1 2")
    assert (rows[-1]["n"], rows[-1]["mean"]) == ("0", "")


def test_verdicts_are_sentences_and_columns():
    better = Difference(6, 0.0761, 0.03125, 0.0021, "better")
    none = Difference(2, -0.1, 0.5, None, "no verdict, which needs 6 pairs")
    differences = {("idec", "digits", "acc"): better, ("idec", "digits", "nmi"): none}

    assert verdicts(differences, "dec")[:2] == [
        "idec on digits, ACC: better than dec (+0.076, 6 pairs, Wilcoxon p = 0.031, "
        "t-test p = 0.002)",
        "idec on digits, NMI: no verdict, which needs 6 pairs (-0.100, 2 pairs, "
        "Wilcoxon p = 0.500)",
    ]
    assert verdicts({}, "dec") == []
    rows = list(csv.DictReader(csv_table(compare([DEC, IDEC]), differences).splitlines()))
    of_idec = {r["score"]: r for r in rows if (r["method"], r["dataset"]) == ("idec", "digits")}
    assert (of_idec["acc"]["pairs"], of_idec["acc"]["verdict"]) == ("6", "better")
    assert of_idec["nmi"]["t_p"] == of_idec["ari"]["verdict"] == ""
