"""Which run is resumed, and which changes of its configuration prevent that."""

import json
from copy import deepcopy

import pytest

from dcrf.config import load_checked
from dcrf.errors import ConfigError, Problem
from dcrf.runs.resume import ExistingRun, check_same_configuration, find_existing_run
from dcrf.runs.run_folder import RunStart, next_run_number, run_configuration
from tests.cases.methods import method, written

START = RunStart(seed_in_names=None, threads=2, number=1)


@pytest.fixture
def config(tmp_path):
    return load_checked(tmp_path / written(tmp_path, method()))


def folder_of(tmp_path, config, name, seed=0, status=None, number=1):
    """Create a run folder."""
    folder = tmp_path / "runs/tiny" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(run_configuration(config, seed)))
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


def test_a_method_that_was_never_started_has_no_run(tmp_path, config):
    assert find_existing_run(config, 0, tmp_path / "runs") is None


def test_the_newest_run_of_the_seed_is_resumed(tmp_path, config):
    for name, seed in (
        ("2026-01-01T00-00-09-0", 0),
        ("2026-01-01T00-00-10-0", 0),
        ("2026-01-01T00-00-10-0-2", 0),
        ("2026-01-01T00-00-10-0-10", 0),
        ("2026-01-01T00-00-11-1", 1),
    ):
        folder_of(tmp_path, config, name, seed)
    (tmp_path / "runs/tiny/2026-02-01T00-00-00-0").mkdir()
    folder_of(tmp_path, config, ".x1y2.tmp")  # of a process that was killed while creating it

    found = find_existing_run(config, 0, tmp_path / "runs")

    assert found == ExistingRun(tmp_path / "runs/tiny/2026-01-01T00-00-10-0-10", START)


def test_the_last_started_run_is_resumed_although_the_clock_was_set_back(tmp_path, config):
    folder_of(tmp_path, config, "2026-01-02T00-00-00-0", number=1, status="ok")
    last = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", number=2)

    assert find_existing_run(config, 0, tmp_path / "runs").folder == last
    assert next_run_number(last.parent) == 3
    assert next_run_number(tmp_path / "nothing here") == 1


def test_a_configuration_in_a_run_folder_resumes_that_run(tmp_path, config):
    older = folder_of(tmp_path, config, "2026-01-01T00-00-00-3", seed=3)
    folder_of(tmp_path, config, "2026-01-02T00-00-00-3", seed=3)

    again = load_checked(older / "config.json")

    assert again.seed == 3
    assert find_existing_run(again, 3, tmp_path / "runs") == ExistingRun(older, START)


def test_overrides_of_the_start_are_restored(tmp_path, config):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0")
    start = {"seed_in_names": None, "threads": 2, "number": 1, "overrides": ["--set a=1"]}
    (folder / "checkpoints/run.json").write_text(json.dumps(start))

    assert find_existing_run(config, 0, tmp_path / "runs").start.overrides == ("--set a=1",)


def test_a_finished_run_is_its_outcome(tmp_path, config):
    folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")

    outcome = find_existing_run(config, 0, tmp_path / "runs").outcome

    assert (outcome.status, outcome.method, outcome.seed) == ("ok", "tiny", 0)
    assert outcome.datasets[0].absent == "x"
    assert outcome.phases[0].reason == "4 iterations"


def test_warnings_and_overrides_of_a_finished_run_are_read(tmp_path, config):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")
    result = json.loads((folder / "result.json").read_text())
    warning = {"path": "$.seed", "found": "it is 3", "remedy": "write 4"}
    result |= {"warnings": [warning], "overrides": ["--set a=1"]}
    (folder / "result.json").write_text(json.dumps(result))

    outcome = find_existing_run(config, 0, tmp_path / "runs").outcome

    assert outcome.warnings == (Problem("$.seed", "it is 3", "write 4"),)
    assert outcome.overrides == ("--set a=1",)


@pytest.mark.parametrize("status", ["failed", "interrupted", None])
def test_an_unfinished_run_is_resumed(tmp_path, config, status):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status=status)

    assert find_existing_run(config, 0, tmp_path / "runs") == ExistingRun(folder, START)


@pytest.mark.parametrize(
    "text",
    [
        '{"status": "ok"',
        "[]",
        "[" * 200000,
        '{"status": "ok", "datasets": [{"dataset": "d", "evaluation": {"acc": "0.9"}}]}',
        '{"status": "ok", "datasets": [3]}',
        '{"status": "ok", "method": "m", "seed": 0, "datasets": [], "phases": []}',
        '{"status": "ok", "method": "m", "seed": "0", "phases": [],'
        ' "datasets": [{"dataset": "d", "evaluation": null}]}',
    ],
)
def test_a_damaged_result_counts_as_unfinished(tmp_path, config, text):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")
    (folder / "result.json").write_text(text)

    assert find_existing_run(config, 0, tmp_path / "runs") == ExistingRun(folder, START)


@pytest.mark.parametrize("score", ["0.9", True, [1]])
def test_a_result_with_invalid_scores_counts_as_unfinished(tmp_path, config, score):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")
    found = json.loads((folder / "result.json").read_text())
    whole = {"acc": 0.5, "nmi": None, "ari": 0, "internal": {}, "n_samples": 3}
    cases = (
        (whole, True),
        (whole | {"internal_samples": 3}, True),
        (whole | {"noise": 2}, True),
        (whole | {"noise": score}, False),
        (whole | {"nmi": score}, False),
        (whole | {"internal": {"silhouette": score}}, False),
        (whole | {"internal_samples": score}, False),
    )
    for evaluation, is_result in cases:
        found["datasets"][0]["evaluation"] = evaluation
        (folder / "result.json").write_text(json.dumps(found))

        outcome = find_existing_run(config, 0, tmp_path / "runs").outcome

        assert (outcome is not None) == is_result


@pytest.mark.parametrize(
    "start",
    ["{}", "[]", "{", "[" * 200000, '{"seed_in_names": "../../x", "threads": 1, "number": 1}',
     '{"seed_in_names": null, "threads": 0, "number": 1}',
     '{"seed_in_names": null, "threads": 1000000000, "number": 1}',
     '{"seed_in_names": null, "threads": 1, "number": 1, "overrides": [1]}'],
)  # fmt: skip
def test_a_folder_with_an_invalid_start_is_refused(tmp_path, config, start):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0")
    (folder / "checkpoints/run.json").write_text(start)

    with pytest.raises(ConfigError, match=r"run\.json: it cannot be read"):
        find_existing_run(config, 0, tmp_path / "runs")


@pytest.mark.parametrize("name", ["metrics.jsonl", "checkpoints/lock", "clusters", "checkpoints/1"])
def test_links_out_of_a_run_folder_are_refused(tmp_path, config, name):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0")
    (tmp_path / "victim").mkdir()
    (folder / name).symlink_to(tmp_path / "victim")

    with pytest.raises(ConfigError, match="it is a link") as caught:
        find_existing_run(config, 0, tmp_path / "runs")

    assert [problem.path for problem in caught.value.problems] == [str(folder / name)]


def test_a_changed_configuration_is_refused_with_every_key_that_differs(tmp_path, config):
    folder = folder_of(tmp_path, config, "2026-01-01T00-00-00-0", status="ok")
    changed = method()
    changed["datasets"][0]["batch_size"] = 64
    changed["phases"][1]["design_patterns"].pop()
    del changed["phases"][1]["performance_evaluation_interval"]
    other = load_checked(tmp_path / written(tmp_path, changed))

    with pytest.raises(ConfigError) as caught:
        find_existing_run(other, 0, tmp_path / "runs")

    assert caught.value.source == folder
    found = {problem.path: problem.found for problem in caught.value.problems}
    assert set(found) == {
        "$.datasets[0].batch_size",
        "$.phases[1].design_patterns",
        "$.phases[1].performance_evaluation_interval",
    }
    was = "it was 50 when the run started, now it is 64"
    assert found["$.datasets[0].batch_size"] == was
    assert found["$.phases[1].performance_evaluation_interval"].endswith("now it is absent")


@pytest.mark.parametrize(
    ("before", "now"), [(1, 1.0), (0, False), (1, "1"), ([1], [1, 2]), ({}, [])]
)
def test_values_of_another_kind_differ(tmp_path, before, now):
    check_same_configuration({"a": before}, {"a": before}, tmp_path)
    with pytest.raises(ConfigError):
        check_same_configuration({"a": before}, {"a": now}, tmp_path)


def test_a_default_that_is_newer_than_the_run_is_no_change(tmp_path, config):
    before = run_configuration(config, 0)
    older = deepcopy(before)
    del older["phases"][0]["keep"], older["datasets"][0]["drop_last"]

    check_same_configuration(older, before, tmp_path)
    changed = deepcopy(before)
    changed["phases"][0]["keep"] = "lowest_loss"
    with pytest.raises(ConfigError, match=r"phases\[0\]\.keep"):
        check_same_configuration(older, changed, tmp_path)
