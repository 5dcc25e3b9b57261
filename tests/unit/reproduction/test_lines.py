"""Reproductions in words."""

from dcrf.reproduction.lines import list_lines, report_lines
from tests.unit.reproduction.cases import reproduction, result


def report(*results, width=120, **changes):
    return "\n".join(report_lines(reproduction(**changes), results, width))


def test_a_report_has_every_figure_with_its_distance():
    text = report(result(0, 0.95), result(1, 0.96), note="Other images.")

    assert "tiny: the test images; seeds: 0, 1\nOther images." in text
    assert "mean of 10 runs, a paper [R]" in text
    assert "0.900 ± 0.010" in text
    assert "0.955 ± 0.007 (n=2)" in text
    assert "+0.055" in text
    assert "1 h 30 min for a seed; a machine" in text


def test_a_report_without_results_says_so():
    text = report()

    assert "seeds: none" in text
    assert text.count("not run") == 3
    assert "for a seed" not in text


def test_lines_fit_into_a_narrow_terminal():
    lines = report(result(0, 0.95), result(1, 0.96), width=60).splitlines()

    assert max(map(len, lines)) <= 60


def test_machines_are_named_once_each():
    text = report(result(0), result(1, machine="another"), result(2))

    assert "a machine; another" in text


def test_the_list_counts_finished_seeds():
    known = {"tiny": reproduction(), "other": reproduction(name="other")}

    lines = [*list_lines(known, {"tiny": [0, 2]}, 80)]

    assert lines[2].split() == ["tiny", "ACC", "0.900", "2", "of", "3", "seeds"]
    assert lines[3].split() == ["other", "ACC", "0.900", "not", "run"]
