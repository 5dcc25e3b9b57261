"""The view of several runs: what stays above, what is redrawn below."""

import json
import re
from dataclasses import asdict
from io import StringIO

import pytest

from dcrf.reporting.progress import Status
from dcrf.reporting.run_view import PlainConsole, RunView, console_for
from dcrf.reporting.writers import STATUS_MARK


class Screen(StringIO):
    """A terminal that knows two escape sequences: move up, and erase from the cursor."""

    def isatty(self):
        return True

    @property
    def rows(self):
        rows = [""]
        for up, text in re.findall(r"\x1b\[(\d+)A\r\x1b\[J|([^\x1b\n]*\n)", self.getvalue()):
            stay, new = (-1 - int(up), []) if up else (-1, [text.rstrip("\n")])
            rows = [*rows[:stay], *new, ""]
        return rows[:-1]


@pytest.fixture(autouse=True)
def of_eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "6")


def sent(iteration, name="tuning"):
    status = Status(name, 1, 2, iteration=iteration, iterations=100, rate=4.0, seconds_left=42.0)
    return f"{STATUS_MARK}{json.dumps(asdict(status))}"


def view():
    screen = Screen()
    return screen, RunView(screen, lambda text: print(text, file=screen))


def test_every_run_has_a_line_and_what_stays_is_above():
    screen, runs = view()

    runs.receive("dec, seed 0", sent(1))
    runs.receive("idec, seed 0", sent(2))
    runs.receive("dec, seed 0", "it is evaluated")
    runs.receive("dec, seed 0", sent(3))

    assert screen.rows == [
        "dec, seed 0: it is evaluated",
        "dec, seed 0   1/2 tuning  3/100  4.0 it/s  0:42 left",
        "idec, seed 0  1/2 tuning  2/100  4.0 it/s  0:42 left",
    ]


def test_a_run_that_has_ended_leaves_the_view():
    screen, runs = view()
    runs.receive("dec", sent(1))
    runs.receive("idec", sent(2))

    runs.remove("dec")
    runs.remove("unknown")
    runs.say("dec  crashed")

    assert screen.rows == ["dec  crashed", "idec  1/2 tuning  2/100  4.0 it/s  0:42 left"]


def test_a_cleared_view_returns_with_the_next_status():
    screen, runs = view()
    runs.receive("dec", sent(1))

    runs.clear()
    cleared = screen.rows
    runs.receive("dec", sent(2))

    assert cleared == []
    assert screen.rows == ["dec  1/2 tuning  2/100  4.0 it/s  0:42 left"]


def test_runs_beyond_the_rows_of_the_terminal_are_counted():
    screen, runs = view()

    for number in range(9):
        runs.receive(f"dec, seed {number}", sent(1))

    assert [row.split("  ")[0] for row in screen.rows] == [
        "dec, seed 0",
        "dec, seed 1",
        "dec, seed 2",
        "and 6 more",
    ]


def test_long_names_keep_their_seeds_and_no_line_is_too_wide():
    screen, runs = view()

    runs.receive(f"{'long_' * 20}name, seed 7", sent(1, "phase" * 20))

    (row,) = screen.rows
    assert row.startswith("...ong_name, seed 7  1/2 ")
    assert len(row) < 60


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unknown": 1}', "1"])
def test_what_looks_like_a_status_is_a_line(text):
    screen, runs = view()

    runs.receive("dec", f"{STATUS_MARK}{text}")

    assert screen.rows == [f"dec: {STATUS_MARK}{text}"]


@pytest.mark.parametrize(
    ("stream", "term", "kind"),
    [
        (Screen(), "xterm", RunView),
        (Screen(), "dumb", PlainConsole),
        (StringIO(), "xterm", PlainConsole),
    ],
)
def test_only_a_terminal_with_escape_sequences_has_a_view(stream, term, kind, monkeypatch):
    monkeypatch.setenv("TERM", term)

    assert isinstance(console_for(stream), kind)


def test_a_plain_console_prints_lines_with_names(capsys):
    console = PlainConsole()

    console.receive("dec", "starts")
    console.say("idec  crashed")
    console.remove("dec")
    console.clear()

    assert capsys.readouterr().out == "dec: starts\nidec  crashed\n"
