"""When checkpoints are due, their content, and a start from one."""

import errno

import pytest

from dcrf.errors import DataError
from dcrf.reporting.records import Note
from dcrf.storage import checkpoint_files
from dcrf.storage.checkpoint_files import Checkpoint, folders
from dcrf.training import checkpoints as module
from dcrf.training.checkpoints import SECONDS, Checkpoints, NoCheckpoints, Position
from dcrf.training.interruption import Interrupted, StopRequest
from dcrf.training.start import FRESH, ResumedStart

POSITION = Position(1, 2, "digits, after pretraining")


class Value:
    """An object with one value as its state."""

    def __init__(self, value=None):
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state.get("value")


class Records(list):
    """A writer that keeps its records."""

    def write(self, record):
        self.append(record)


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def checkpoints(folder, interval=None, **files):
    return Checkpoints(folder, Records(), StopRequest(), files, {"name": "tiny"}, interval)


def test_by_interval_a_checkpoint_is_due_after_its_multiples_and_never_before_the_first(tmp_path):
    every_third = checkpoints(tmp_path, 3)

    assert [i for i in range(10) if every_third.is_due(i)] == [3, 6, 9]


def test_by_the_clock_a_checkpoint_is_due_some_time_after_the_last_one(tmp_path, clock):
    by_clock = checkpoints(tmp_path)
    assert not by_clock.is_due(0)

    for _ in range(2):
        clock[0] += SECONDS - 1
        assert not by_clock.is_due(7)
        clock[0] += 1
        assert by_clock.is_due(7)
        by_clock.write(POSITION, {})
        assert not by_clock.is_due(7)


def test_after_a_failed_write_the_next_checkpoint_waits_for_its_time(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(checkpoint_files, "_fill", full_disk)
    by_clock = checkpoints(tmp_path)
    clock[0] += SECONDS

    by_clock.write(POSITION, {})

    assert not by_clock.is_due(7)


@pytest.mark.parametrize("interval", [None, 5])
def test_a_requested_stop_makes_a_checkpoint_due_and_is_granted_after_it(tmp_path, interval):
    kept = checkpoints(tmp_path, interval)
    kept.stop(15, None)

    assert kept.is_due(1)
    with pytest.raises(Interrupted):
        kept.write(POSITION, {})
    assert len(folders(tmp_path)) == 1


def test_a_checkpoint_holds_position_files_and_states(tmp_path):
    kept = checkpoints(tmp_path, metrics=Value(3))

    kept.write(POSITION, {"method": Value(5)})

    checkpoint = kept.read_newest("cpu")
    assert checkpoint.description == {"name": "tiny", "position": [1, 2]}
    assert checkpoint.state == {
        "metrics": {"value": 3},
        "method": {"value": 5},
        "position": {"dataset": 1, "phase": 2, "description": "digits, after pretraining"},
    }
    assert kept.last == (checkpoint.folder, "digits, after pretraining")


def full_disk(*arguments):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_noted_and_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    kept = checkpoints(tmp_path)
    kept.write(POSITION, {})
    last = kept.last
    monkeypatch.setattr(checkpoint_files, "_fill", full_disk)

    kept.write(Position(1, 3, "later"), {})

    (note,) = kept.writer
    assert note.text.startswith("no checkpoint could be written: [Errno 28]")
    assert kept.last == last


def test_a_fresh_start_empties_the_files(tmp_path):
    metrics = Value(3)

    start = checkpoints(tmp_path, metrics=metrics).start_from(None)

    assert start is FRESH
    assert metrics.value is None


def test_a_resumed_start_truncates_the_files_to_its_position(tmp_path):
    kept = checkpoints(tmp_path, metrics=Value(3))
    kept.write(POSITION, {})
    again = checkpoints(tmp_path, metrics=Value(9))

    start = again.start_from(again.read_newest("cpu"))

    assert isinstance(start, ResumedStart)
    assert (start.dataset, start.phase) == (1, 2)
    assert again.files["metrics"].value == 3
    assert again.last == kept.last


@pytest.mark.parametrize("state", [{}, {"position": 1}, {"position": {"dataset": 0, "phase": 0}}])
def test_a_state_of_something_else_is_refused(tmp_path, state):
    with pytest.raises(DataError, match="not a checkpoint of a run"):
        checkpoints(tmp_path, metrics=Value()).start_from(Checkpoint(tmp_path, state, {}))


def test_without_an_intact_checkpoint_the_reason_is_an_error(tmp_path):
    kept = checkpoints(tmp_path)
    assert kept.read_newest("cpu") is None
    kept.write(POSITION, {})
    (kept.last[0] / "state.pth").write_bytes(b"")

    with pytest.raises(DataError, match=r"state\.pth has changed; begin a new run"):
        kept.read_newest("cpu")
    assert [type(record) for record in kept.writer] == [Note]


def test_a_run_without_checkpoints_asks_nothing_for_its_state(tmp_path):
    class Unread:
        def state_dict(self):
            raise AssertionError("no checkpoint needs the state")

    none = NoCheckpoints()

    assert not none.is_due(10**9)
    none.write(POSITION, {"session": Unread()})
