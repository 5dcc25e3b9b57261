"""The seconds of an earlier run, for the time that is left."""

import json

import pytest

from dcrf.reporting.progress import NO_RUN, EarlierRun
from dcrf.runs.earlier_run import earlier_run

RESULT = {
    "status": "ok",
    "phases": [{"dataset": "digits", "phase": "tuning", "iteration": 100, "epoch": 2}],
}
TIMING = {"digits/opening": 1.0, "digits/tuning": 25.0, "digits/final evaluation": 2.0}


@pytest.fixture
def write(tmp_path):
    """Write a run folder."""

    def writer(number, result=RESULT, timing=TIMING):
        folder = tmp_path / f"2026-11-30T12-00-0{number}-0"
        folder.mkdir()
        (folder / "checkpoints").mkdir()
        start = {"seed_in_names": None, "threads": 1, "number": number}
        (folder / "checkpoints" / "run.json").write_text(json.dumps(start))
        (folder / "config.json").write_text("{}")
        (folder / "result.json").write_text(json.dumps(result))
        (folder / "timing.json").write_text(json.dumps(timing))
        return folder

    return writer


def test_the_newest_finished_run_counts(write):
    write(1)
    write(2, timing={**TIMING, "digits/tuning": 50.0})
    write(3, {**RESULT, "status": "failed"})
    write(4, {**RESULT, "phases": [{}]})
    write(5, {"status": "ok"})
    write(6, RESULT, {"digits/tuning": None})
    write(7, [])

    run = earlier_run(write(8))

    assert run == EarlierRun({("digits", "tuning"): 0.5}, {"digits": 2.0})


def test_a_run_does_not_count_for_itself(write):
    assert earlier_run(write(1)) == NO_RUN
