"""Color in the summary."""

from io import StringIO

import pytest

from dcrf.reporting.color import has_color, with_colors
from dcrf.reporting.records import DatasetRecord, Outcome
from dcrf.reporting.summary import summary

EVALUATION = {"acc": 0.5, "nmi": 0.25, "ari": 0.125, "n_samples": 20, "internal": {}}


class Screen(StringIO):
    """A terminal."""

    def isatty(self):
        return True


def outcome(status, **values):
    record = DatasetRecord("ok", EVALUATION, warnings=values.pop("warnings", ()))
    datasets = (record,) if status == "ok" else ()
    return Outcome(f"{status}.json", f"{status} method", 0, status, datasets=datasets, **values)


def test_statuses_are_colored_and_nothing_else():
    outcomes = [
        outcome("ok", warnings=("collapsed",)),
        outcome("not run"),
        outcome("diverged", error="NaN"),
    ]
    text = summary(outcomes)

    colored = with_colors(text)

    codes = {"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"}
    plain = colored
    for code in codes:
        plain = plain.replace(code, "")
    assert plain == text
    assert "\x1b[32mok\x1b[0m !" in colored
    assert "\x1b[33mnot run\x1b[0m" in colored
    assert "\x1b[31mdiverged\x1b[0m" in colored
    assert colored.count("\x1b[0m") == 3


def test_statuses_are_colored_in_a_narrow_summary():
    text = summary([outcome("ok"), outcome("diverged", error="NaN")], 60)

    colored = with_colors(text)

    assert colored.count("\x1b[0m") == 2
    assert "\x1b[31mdiverged\x1b[0m" in colored


def test_names_with_control_characters_are_escaped():
    text = summary([Outcome("a.json", "a\x1b[2J", 0, "failed", error="\x1b]0;title\x07")])

    colored = with_colors(text)

    assert colored.count("\x1b") <= 2
    assert "\x1b[2J" not in colored


@pytest.mark.parametrize(
    ("stream", "term", "no_color", "expected"),
    [
        (Screen(), "xterm", None, True),
        (Screen(), "xterm", "", True),
        (Screen(), "xterm", "1", False),
        (Screen(), "dumb", None, False),
        (Screen(), None, None, False),
        (StringIO(), "xterm", None, False),
    ],
)
def test_color_is_for_terminals_without_no_color(stream, term, no_color, expected, monkeypatch):
    for name, value in {"TERM": term, "NO_COLOR": no_color}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)

    assert has_color(stream) is expected
