"""Results are found again, and told apart from those of earlier method files."""

import json

import pytest

from benchmarks.reproduction.results import Results
from tests.unit.reproduction.cases import reproduction, result


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "results")


def test_results_come_back_by_seed(results):
    written = [result(seed, 0.7 + seed / 100) for seed in (10, 0, 2)]
    for one in written:
        results.write(reproduction(), one)

    read = results.read(reproduction())

    assert list(read) == [0, 2, 10]
    assert read[10].scores == written[0].scores
    assert read[10].curves["pretraining"]["acc"] == [[2, 0.5], [4, pytest.approx(0.8)]]
    assert read[0].hours == 1.5


def test_results_of_other_settings_are_left_out(results):
    results.write(reproduction(), result())

    assert results.read(reproduction(settings=["precision=bf16"])) == {}
    assert results.read(reproduction(note="Other words.")).keys() == {0}


def test_damaged_results_count_as_missing(results):
    results.write(reproduction(), result())
    (file,) = results.folder.rglob("*.json")
    content = json.loads(file.read_text())
    for number, damaged in enumerate(["{", "[]", "{}", json.dumps({**content, "extra": 1})], 1):
        file.with_name(f"{number}.json").write_text(damaged)

    assert results.read(reproduction()).keys() == {0}


def test_a_reproduction_without_results_has_none(results):
    assert results.read(reproduction()) == {}
