"""Where records go."""

import fcntl
import json
import os
import re
import struct
import termios
from contextlib import suppress
from functools import partial
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from dcrf.reporting.progress import Status
from dcrf.reporting.records import (
    EvaluationRecord,
    LossRecord,
    Note,
    PhaseRecord,
    PhaseStart,
    PlannedPhase,
    Progress,
    RunPlan,
)
from dcrf.reporting.writers import (
    JsonLines,
    Lines,
    LinesWithProgress,
    LogFile,
    StatusSender,
    Terminal,
    Writers,
)

EVALUATION = {"acc": 0.5, "nmi": 0.25, "ari": 0.125, "n_samples": 20, "internal": {}}
RECORDS = [
    Note("hello"),
    PhaseStart("digits", "finetuning", 2),
    LossRecord("digits", "finetuning", 1, {"a/b": 0.5}),
    Progress(1, lambda: {"a/b": 0.5}),
    EvaluationRecord("digits", "finetuning", 2, EVALUATION),
    Progress(2, lambda: {"a/b": 0.25}),
    PhaseRecord("digits", "finetuning", 2, 1, "2 iterations"),
    EvaluationRecord("digits", None, None, EVALUATION),
]
EVALUATION_LINE = "finetuning  it 2  ACC 0.500  NMI 0.250  ARI 0.125  (n=20)"
LINES = [
    "hello",
    "finetuning  starts on digits",
    "finetuning  it 1  a/b 0.5",
    EVALUATION_LINE,
    "finetuning  ended at it 2 in epoch 1: 2 iterations",
    "digits  final  ACC 0.500  NMI 0.250  ARI 0.125  (n=20)",
]


def write_all(writer):
    for record in RECORDS:
        writer.write(record)
    writer.close()


def test_lines_are_plain_and_the_stream_stays_open():
    stream = StringIO()

    write_all(Lines(stream, timestamps=False))

    assert stream.getvalue().splitlines() == LINES


def test_every_line_of_a_text_gets_the_time():
    stream = StringIO()

    Lines(stream, timestamps=True).write(Note("first\nsecond"))

    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "
    assert re.fullmatch(rf"{stamp}first\n{stamp}    second\n", stream.getvalue())


@pytest.mark.parametrize("make", [Terminal, lambda stream: Lines(stream, timestamps=False)])
def test_no_text_moves_the_cursor_or_begins_a_line_that_looks_like_another(make):
    """The ends of lines are not only those of Unix."""
    stream = StringIO()
    name = "a\x1b]0;title\x07\rb\x0bc\u2028d\x85e\nclustering  ended"

    make(stream).write(Note(f"{name}  failed"))
    make(stream).write(Note("x" * 5000))

    assert stream.getvalue() == (
        "a\\x1b]0;title\\x07\\rb\\x0bc\\u2028d\\x85e\n    clustering  ended  failed\n"
        f"{'x' * 2000} ... (5000 characters)\n"
    )


def test_a_traceback_keeps_its_lines_and_gets_none():
    stream = StringIO()

    Lines(stream, timestamps=False).write(Note("Traceback:\n  File\nError\n"))

    assert stream.getvalue() == "Traceback:\n      File\n    Error\n"


def test_every_line_of_a_text_gets_the_prefix_after_the_time():
    stream = StringIO()

    Lines(stream, timestamps=True, prefix="dec: ").write(Note("first\nsecond"))

    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "
    assert re.fullmatch(rf"{stamp}dec: first\n{stamp}dec:     second\n", stream.getvalue())


def test_a_log_file_that_several_share_tells_them_apart(tmp_path):
    writers = [LogFile(tmp_path / "log.txt", timestamps=False, prefix=p) for p in ("a: ", "b: ")]

    for writer in writers:
        writer.write(Note("hello"))
        writer.close()

    assert (tmp_path / "log.txt").read_text() == "a: hello\nb: hello\n"


def full_disk():
    return open("/dev/full", "w")  # noqa: PTH123


def vanished_terminal():
    keyboard, screen = os.openpty()
    os.close(keyboard)
    return open(screen, "w")  # noqa: PTH123


def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return open(writer, "w")  # noqa: PTH123


on_linux = pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")


@on_linux
@pytest.mark.parametrize("stream", [full_disk, vanished_terminal, closed_pipe])
@pytest.mark.parametrize("kind", [Terminal, partial(Lines, timestamps=False)])
def test_where_people_look_may_go_away_and_nothing_stops(kind, stream):
    with stream() as gone:
        writer = kind(gone)
        for _ in range(2):
            write_all(writer)


def test_where_there_is_no_output_nothing_is_written():
    write_all(Lines(None, timestamps=False))


@on_linux
def test_a_log_file_that_cannot_be_written_is_an_error():
    file = LogFile(Path("/dev/full"), timestamps=False)

    with pytest.raises(OSError, match="No space left"):
        file.write(Note("hello"))

    with suppress(OSError):  # what is left of the line has no room either
        file.close()


def test_a_log_file_is_appended_to(tmp_path):
    path = tmp_path / "logs" / "log.txt"

    write_all(LogFile(path, timestamps=False))
    write_all(LogFile(path, timestamps=False))

    assert path.read_text().splitlines() == LINES * 2


def test_a_log_file_can_be_read_while_it_is_written(tmp_path):
    writer = LogFile(tmp_path / "log.txt", timestamps=False)

    writer.write(Note("so far"))

    assert (tmp_path / "log.txt").read_text() == "so far\n"
    writer.close()


def test_json_lines_hold_losses_and_evaluations_only(tmp_path):
    write_all(JsonLines(tmp_path / "metrics.jsonl"))

    place = {"dataset": "digits", "phase": "finetuning"}
    final = {"dataset": "digits", "phase": None, "iteration": None, "evaluation": EVALUATION}
    found = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(text) for text in found] == [
        {"kind": "losses", **place, "iteration": 1, "losses": {"a/b": 0.5}},
        {"kind": "evaluation", **place, "iteration": 2, "evaluation": EVALUATION},
        {"kind": "evaluation", **final},
    ]


def test_several_writers_get_the_same():
    streams = [StringIO(), StringIO()]

    write_all(Writers([Lines(stream, timestamps=False) for stream in streams]))

    assert [stream.getvalue().splitlines() for stream in streams] == [LINES, LINES]


def test_several_writers_are_all_closed(tmp_path):
    files = [LogFile(tmp_path / name, timestamps=False) for name in ("a", "b")]

    Writers(files).close()

    for file in files:
        with pytest.raises(ValueError, match="closed"):
            file.write(Note("too late"))


class Seconds:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def of_eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def train(writer, clock, iterations, seconds):
    """Let the first phase of two run for some iterations."""
    phases = PlannedPhase("digits", "finetuning", 1000), PlannedPhase("digits", "last", 200)
    writer.write(RunPlan(phases))
    writer.write(PhaseStart("digits", "finetuning", 1000))
    for iteration in range(1, iterations + 1):
        clock.now += seconds
        writer.write(Progress(iteration, lambda: {"a_b/c": 0.5}))


def test_the_terminal_shows_a_status_and_keeps_evaluations_above_it():
    stream = StringIO()

    write_all(Terminal(stream))

    text = stream.getvalue()
    assert "finetuning  starts" in text
    lasting = [part.split("\r")[-1] for part in text.split("\n")]
    for expected in ("hello", EVALUATION_LINE, *LINES[-2:]):
        assert expected in lasting
    assert LINES[2] not in text  # the status shows losses


def test_the_status_is_drawn_ten_times_a_second():
    stream, clock = StringIO(), Seconds()
    terminal = Terminal(stream, clock)

    train(terminal, clock, 64, 1 / 64)

    drawn = [text for text in stream.getvalue().split("\r") if "it/s" in text]
    assert len(set(drawn)) == 9  # the first iteration has no rate


@pytest.mark.parametrize("columns", [20, 60, 80, 140])
def test_the_status_fits_the_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    stream, clock = StringIO(), Seconds()

    train(Terminal(stream, clock), clock, 64, 0.25)

    assert max(map(len, re.split("[\r\n]", stream.getvalue()))) < columns


def test_a_terminal_without_a_letter_gets_its_escape():
    with TextIOWrapper(BytesIO(), encoding="ascii") as stream:
        Terminal(stream).write(PhaseStart("digits", "Übung" * 20, None))

        text = stream.buffer.getvalue().decode("ascii")
        assert "\\xdcbung" in text
        assert max(map(len, text.split("\r"))) < 80


@on_linux
def test_a_real_terminal_tells_its_width():
    keyboard, screen = os.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    with os.fdopen(screen, "w") as stream:
        clock = Seconds()

        train(Terminal(stream, clock), clock, 16, 0.25)

        text = ""
        while "16/1,000" not in text:  # what is written arrives later
            text += os.read(keyboard, 2**16).decode()
    os.close(keyboard)
    assert "\r1/2 finetuning  16/1,000  4.0 it/s  4:56 left" in text
    assert max(map(len, text.split("\r"))) < 60


def test_without_a_terminal_a_silent_run_writes_its_progress_every_30_seconds():
    stream, clock = StringIO(), Seconds()

    train(LinesWithProgress(stream, clock), clock, 256, 0.25)

    assert stream.getvalue().splitlines() == [
        "finetuning  starts on digits",
        "finetuning  it 120 of 1000  4.0 it/s  4:30 left  a 0.5",
        "finetuning  it 240 of 1000  4.0 it/s  4:00 left  a 0.5",
    ]


def test_a_run_that_writes_lines_writes_no_progress():
    stream, clock = StringIO(), Seconds()
    writer = LinesWithProgress(stream, clock)

    for _ in range(10):
        train(writer, clock, 100, 0.25)
        writer.write(Note("still here"))

    assert set(stream.getvalue().splitlines()) == {
        "finetuning  starts on digits",
        "still here",
    }


def test_a_status_is_sent_twice_a_second_among_lines():
    stream, clock = StringIO(), Seconds()
    sender = StatusSender(stream, clock)

    train(sender, clock, 64, 1 / 32)
    sender.write(LossRecord("digits", "finetuning", 64, {"a_b/c": 0.5}))
    sender.write(Note("\x1e{}"))

    *statuses, note, _ = stream.getvalue().split("\n")
    assert note == "\\x1e{}"
    sent = [Status(**json.loads(text.removeprefix("\x1e"))) for text in statuses]
    assert [status.iteration for status in sent] == [None, 16, 32, 48, 64]


def test_the_terminal_can_be_closed_in_mid_phase_and_twice():
    stream = StringIO()
    terminal = Terminal(stream)
    terminal.write(PhaseStart("digits", "training", 5))

    terminal.close()
    terminal.close()
    terminal.write(Note("failed"))

    assert stream.getvalue().endswith("failed\n")
