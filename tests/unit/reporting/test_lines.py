"""Log lines and tables."""

import pytest

from dcrf.reporting.lines import duration, line, scores, table
from dcrf.reporting.records import (
    EvaluationRecord,
    LossRecord,
    Note,
    PhaseRecord,
    PhaseStart,
    Progress,
)

SCORED = {"acc": 0.9527, "nmi": 0.902, "ari": -0.0123, "n_samples": 10000, "internal": {}}
UNLABELED = {
    "acc": None, "nmi": None, "ari": None, "n_samples": 60, "internal": {"silhouette": 0.25},
}  # fmt: skip


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (Note("a sentence"), "a sentence"),
        (PhaseStart("digits", "finetuning", 10), "finetuning  starts on digits"),
        (
            LossRecord("digits", "finetuning", 1500, {"target_distribution/divergence": 0.312412}),
            "finetuning  it 1500  target_distribution/divergence 0.3124",
        ),
        (
            LossRecord("digits", "finetuning", 2, {"a/b": 1.0, "c/d": 123456.0}),
            "finetuning  it 2  a/b 1  c/d 1.235e+05",
        ),
        (
            EvaluationRecord("digits", "finetuning", 1500, SCORED),
            "finetuning  it 1500  ACC 0.953  NMI 0.902  ARI -0.012  (n=10000)",
        ),
        (
            EvaluationRecord("digits", None, None, SCORED),
            "digits  final  ACC 0.953  NMI 0.902  ARI -0.012  (n=10000)",
        ),
        (
            EvaluationRecord("digits", None, None, UNLABELED),
            "digits  final  silhouette 0.250  (n=60)",
        ),
        (
            EvaluationRecord("digits", None, None, {**UNLABELED, "cluster_sizes": [60, 0, 0]}),
            "digits  final  silhouette 0.250  (n=60)  2 of 3 clusters empty",
        ),
        (
            EvaluationRecord("digits", None, None, {**UNLABELED, "internal_samples": 50}),
            "digits  final  silhouette 0.250  (n=50 of 60)",
        ),
        (
            EvaluationRecord("digits", None, None, {**SCORED, "noise": 1250}),
            "digits  final  ACC 0.953  NMI 0.902  ARI -0.012  (n=10000, 12.5 % noise)",
        ),
        (
            EvaluationRecord(
                "digits",
                None,
                None,
                {
                    **SCORED,
                    "ami": 0.5,
                    "purity": 1.0,
                    "internal": {"silhouette": 0.25},
                    "internal_samples": 5000,
                },
            ),
            "digits  final  ACC 0.953  NMI 0.902  ARI -0.012  AMI 0.500  purity 1.000"
            "  silhouette 0.250  (n=10000)",
        ),
        (
            PhaseRecord("digits", "finetuning", 200, 3, "200 iterations"),
            "finetuning  ended at it 200 in epoch 3: 200 iterations",
        ),
        (Progress(5, dict), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_record_has_its_line(record, expected):
    assert line(record) == expected


def test_scores_that_are_zero_are_shown():
    assert scores({"acc": 0.0, "nmi": 0.0, "ari": 0.0}) == ["ACC 0.000", "NMI 0.000", "ARI 0.000"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.04, "0.0 s"),
        (48.26, "48.3 s"),
        (59.7, "1 min 00 s"),
        (60, "1 min 00 s"),
        (754, "12 min 34 s"),
        (3599.6, "1 h 00 min"),
        (11100, "3 h 05 min"),
    ],
)
def test_durations_are_for_people(seconds, expected):
    assert duration(seconds) == expected


def test_words_stand_to_the_left_and_numbers_to_the_right():
    assert table(
        ["name", "n", "ARI"], [["a", "5", "0.5"], ["longer", "100", "-0.25"], ["b", "-", "-"]]
    ) == (
        "name      n    ARI\n"
        "------  ---  -----\n"
        "a         5    0.5\n"
        "longer  100  -0.25\n"
        "b         -      -"
    )


def test_a_table_without_rows_is_its_header():
    assert table(["name", "n"], []) == "name  n\n----  -"


def test_no_line_of_a_table_ends_with_spaces():
    text = table(["name", "remark"], [["a", ""], ["b", "long remark"]])

    assert [row for row in text.splitlines() if row != row.rstrip()] == []
