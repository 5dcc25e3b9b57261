"""Trackers of a run through the command line."""

import pytest

from dcrf.cli.main import main
from dcrf.schema.registry import TRACKERS
from tests.cases.methods import contents, method


@pytest.mark.parametrize("stem", TRACKERS.stems)
def test_a_tracker_changes_no_result(stem, run, tmp_path):
    pytest.importorskip(stem)

    run(method(), "--tracker", stem)

    (folder,) = tmp_path.glob("runs0/tiny/*-0")
    assert contents(folder) == contents(run(method()))
    assert "has failed" not in (folder / "log.txt").read_text()


def test_an_unknown_tracker_gets_a_suggestion(capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["a.json", "--tracker", "tensorbord"])
    assert "no tracker is called 'tensorbord'; did you mean tensorboard?" in capsys.readouterr().err
