"""Runs of a batch where the machine has no process to give."""

from itertools import chain, repeat
from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.runs import run_all
from dcrf.runs.run_all import Rules, run_batch
from dcrf.runs.child_process import Child
from dcrf.runs.one_run import Output
from tests.cases.methods import method, written


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run methods that save and load the encoder; starting a process fails where it is said."""

    def runner(*methods, fails, **rules):
        outcomes = chain(fails, repeat(False))

        class Crowded(Child):
            def __init__(self, *arguments):
                if next(outcomes):
                    raise BlockingIOError("no process is left")
                super().__init__(*arguments)

        monkeypatch.setattr(run_all, "Child", Crowded)
        configs = [load_checked(Path(written(tmp_path, m, f"{m['name']}.json"))) for m in methods]
        runs = [(config, 0, Output(tmp_path / "runs")) for config in configs]
        return run_batch(runs, Rules(goes_on=True, **rules))[0]

    return runner


def using(name, **files):
    content = method(name=name)
    for key, file in files.items():
        keys = {"saves": "path_to_file_or_dir", "loads": "path_to_file"}
        entry = {"mapping_name": "encoder", keys[key]: file}
        content["phases"][0][f"{key.removesuffix('s')}_mapping_parameters"] = [entry]
    return content


def test_a_run_waits_for_another_to_end_where_there_is_no_process_for_both(run):
    first, second = run(method(name="a"), method(name="b"), fails=[False, True], at_once=2)

    assert (first.status, second.status) == ("ok", "ok")


def test_where_no_process_can_be_started_every_run_says_so(run):
    found = run(using("a", loads="x.pth"), using("b", saves="x.pth"), fails=repeat(True))

    assert [outcome.status for outcome in found] == ["failed", "failed"]
    assert found[0].error == "no process can be started: no process is left"


def test_what_needs_a_run_that_could_not_start_says_so_through_all_that_need_it(run, tmp_path):
    a, c = using("a", saves="x.pth"), using("c", loads="y.pth")
    b = using("b", loads="x.pth", saves="y.pth")

    found = run(a, b, c, fails=[True])

    assert [outcome.status for outcome in found] == ["failed", "not run", "not run"]
    x, y = ((tmp_path / name).resolve() for name in ("x.pth", "y.pth"))
    assert found[1].error == f"needs {x} of a, which has failed"
    assert found[2].error == f"needs {y} of b, which was not run"
