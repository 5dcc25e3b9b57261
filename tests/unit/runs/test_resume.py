"""Which run is gone on with, and what makes it another one."""

import json
import re

import pytest

from dcrf.config import load_checked
from dcrf.errors import ConfigError
from dcrf.runs.resume import (
    Beginning,
    Begun,
    begun,
    check_same,
    described,
    is_run_folder,
    method_file,
    new_folder,
    next_number,
)
from tests.cases.methods import method, written

BEGINNING = Beginning(seed_in_names=None, threads=2, number=1)


@pytest.fixture
def config(tmp_path):
    return load_checked(tmp_path / written(tmp_path, method()))


def folder_of(tmp_path, config, name, seed=0, status=None, number=1):
    """Make a folder as a run leaves it."""
    folder = tmp_path / "runs/tiny" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(described(config, seed)))
    (folder / "checkpoints").mkdir()
    start = {"seed_in_names": None, "threads": 2, "number": number}
    (folder / "checkpoints/run.json").write_text(json.dumps(start))
    if status:
        phase = {"dataset": "d", "phase": "p", "iteration": 4, "epoch": 1, "reason": "4 iterations"}
        result = {
            "method": "tiny", "seed": seed, "status": status, "label_informed": False,
            "datasets": [{"dataset": "d", "evaluation": None, "absent": "x"}], "phases": [phase],
            "error": None,
        }  # fmt: skip
        (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_nothing_has_begun_at_first(tmp_path, config):
    assert begun(config, 0, tmp_path / "runs") is None


def test_the_newest_run_of_the_seed_is_gone_on_with(tmp_path, config):
    for name, seed in (
        ("2026-01-01T00-00-09-0", 0),
        ("2026-01-01T00-00-10-0", 0),
        ("2026-01-01T00-00-10-0-2", 0),
        ("2026-01-01T00-00-10-0-10", 0),
        ("2026-01-01T00-00-11-1", 1),
    ):
        folder_of(tmp_path, config, name, seed)
    (tmp_path / "runs/tiny/2026-02-01T00-00-00-0").mkdir()
    folder_of(tmp_path, config, ".x1y2.tmp")  # of a process that was killed while making it

    found = begun(config, 0, tmp_path / "runs")

    assert found == Begun(tmp_path / "runs/tiny/2026-01-01T00-00-10-0-10", BEGINNING)


def test_the_run_that_began_last_counts_also_where_the_clock_was_put_back(tmp_path, config):
    folder_of(tmp_path, config, "2026-01-02T00-00-00-0", number=1, status="ok")
    last = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", number=2)

    assert begun(config, 0, tmp_path / "runs").folder == last
    assert next_number(last.parent) == 3
    assert next_number(tmp_path / "nothing here") == 1


def test_a_run_folder_stands_for_its_own_run(tmp_path, config):
    older = folder_of(tmp_path, config, "2026-01-01T00-00-00-3", seed=3)
    folder_of(tmp_path, config, "2026-01-02T00-00-00-3", seed=3)

    file = method_file(str(older), resumes=True)
    again = load_checked(older / "config.json")

    assert file == str(older / "config.json")
    assert is_run_folder(older)
    assert again.seed == 3
    assert begun(again, 3, tmp_path / "runs") == Begun(older, BEGINNING)


def test_other_paths_stay_what_they_are(tmp_path, config):
    older = folder_of(tmp_path, config, "2026-01-01T00-00-00-0")

    assert method_file(str(older), resumes=False) == str(older)
    assert method_file(str(tmp_path), resumes=True) == str(tmp_path)
    assert method_file("no such", resumes=True) == "no such"


def test_a_finished_run_is_its_outcome(tmp_path, config):
    folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")

    outcome = begun(config, 0, tmp_path / "runs").outcome

    assert (outcome.status, outcome.method, outcome.seed) == ("ok", "tiny", 0)
    assert outcome.datasets[0].absent == "x"
    assert outcome.phases[0].reason == "4 iterations"


@pytest.mark.parametrize("status", ["failed", "interrupted", None])
def test_any_other_run_is_to_go_on(tmp_path, config, status):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status=status)

    assert begun(config, 0, tmp_path / "runs") == Begun(folder, BEGINNING)


@pytest.mark.parametrize(
    "text",
    [
        '{"status": "ok"',
        "[]",
        "[" * 200000,
        '{"status": "ok", "datasets": [{"dataset": "d", "evaluation": {"acc": "0.9"}}]}',
        '{"status": "ok", "datasets": [3]}',
    ],
)
def test_a_damaged_result_is_none(tmp_path, config, text):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")
    (folder / "result.json").write_text(text)

    assert begun(config, 0, tmp_path / "runs") == Begun(folder, BEGINNING)


@pytest.mark.parametrize("score", ["0.9", True, [1]])
def test_scores_that_are_no_numbers_are_no_result(tmp_path, config, score):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")
    found = json.loads((folder / "result.json").read_text())
    whole = {"acc": 0.5, "nmi": None, "ari": 0, "internal": {}, "n_samples": 3}
    cases = (
        (whole, True),
        (whole | {"internal_samples": 3}, True),
        (whole | {"nmi": score}, False),
        (whole | {"internal_samples": score}, False),
    )
    for evaluation, is_result in cases:
        found["datasets"][0]["evaluation"] = evaluation
        (folder / "result.json").write_text(json.dumps(found))

        outcome = begun(config, 0, tmp_path / "runs").outcome

        assert (outcome is not None) == is_result


@pytest.mark.parametrize(
    "start",
    ["{}", "[]", "{", "[" * 200000, '{"seed_in_names": "../../x", "threads": 1, "number": 1}',
     '{"seed_in_names": null, "threads": 0, "number": 1}',
     '{"seed_in_names": null, "threads": 1000000000, "number": 1}'],
)  # fmt: skip
def test_a_folder_that_does_not_say_how_its_run_began_is_refused(tmp_path, config, start):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0")
    (folder / "checkpoints/run.json").write_text(start)

    with pytest.raises(ConfigError, match=r"run\.json: it cannot be read"):
        begun(config, 0, tmp_path / "runs")


@pytest.mark.parametrize("name", ["metrics.jsonl", "checkpoints/lock", "clusters", "checkpoints/1"])
def test_links_out_of_a_run_folder_are_refused(tmp_path, config, name):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0")
    (tmp_path / "victim").mkdir()
    (folder / name).symlink_to(tmp_path / "victim")

    with pytest.raises(ConfigError, match="it is a link") as caught:
        begun(config, 0, tmp_path / "runs")

    assert [problem.path for problem in caught.value.problems] == [str(folder / name)]


def test_another_configuration_is_refused_with_all_keys_that_differ(tmp_path, config):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")
    changed = method()
    changed["datasets"][0]["batch_size"] = 64
    changed["phases"][1]["design_patterns"].pop()
    del changed["phases"][1]["performance_evaluation_interval"]
    other = load_checked(tmp_path / written(tmp_path, changed))

    with pytest.raises(ConfigError) as caught:
        begun(other, 0, tmp_path / "runs")

    assert caught.value.source == folder
    found = {problem.path: problem.found for problem in caught.value.problems}
    assert set(found) == {
        "$.datasets[0].batch_size",
        "$.phases[1].design_patterns",
        "$.phases[1].performance_evaluation_interval",
    }
    was = "it was 50 when the run began, and is 64 now"
    assert found["$.datasets[0].batch_size"] == was
    assert found["$.phases[1].performance_evaluation_interval"].endswith("and is absent now")


@pytest.mark.parametrize(
    ("before", "now"), [(1, 1.0), (0, False), (1, "1"), ([1], [1, 2]), ({}, [])]
)
def test_values_of_another_kind_differ(tmp_path, before, now):
    check_same({"a": before}, {"a": before}, tmp_path)
    with pytest.raises(ConfigError):
        check_same({"a": before}, {"a": now}, tmp_path)


def test_new_folders_come_with_what_is_in_them_and_never_twice(tmp_path):
    content = {"config.json": {"seed": 3}, "checkpoints/run.json": {}}
    made = {new_folder(tmp_path / "deep/er", 3, content) for _ in range(12)}

    assert len(made) == 12
    assert {folder.parent for folder in made} == {tmp_path / "deep/er"}
    assert set((tmp_path / "deep/er").iterdir()) == made
    assert all(is_run_folder(folder) for folder in made)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-3(-\d+)?", f.name) for f in made)


def test_a_folder_that_cannot_be_filled_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        new_folder(tmp_path, 0, {"config.json": {"a": object()}})

    assert list(tmp_path.iterdir()) == []
