"""Untrusted text reaches a terminal without control sequences."""

from dcrf.errors import indented
from dcrf.safety.limits import TERMINAL_LINE_CHARACTERS
from dcrf.safety.terminal_text import escaped, plain


def test_what_can_be_printed_stays():
    assert (
        plain("kein Fehler: \u00e4\u4e00 \\x1b\n  next\n")
        == "kein Fehler: \u00e4\u4e00 \\x1b\n  next\n"
    )
    assert plain("") == ""


def test_what_cannot_be_printed_is_written_as_in_a_string():
    assert escaped("\x1b[2J\n\x07\x9b") == r"\x1b[2J\n\x07\x9b"
    assert plain("a\rb\x1b\u202ec\ud800\x00") == r"a\rb\x1b\u202ec\ud800\x00"
    assert plain("\tkey\nb") == "    key\nb"
    assert all(plain(chr(code)).isprintable() for code in range(0x3000) if code != ord("\n"))


def test_long_lines_are_cut_each_by_itself():
    line = "x" * TERMINAL_LINE_CHARACTERS

    assert plain(f"{line}\n{line}") == f"{line}\n{line}"
    assert plain(f"{line}y\nz") == f"{line} ... ({TERMINAL_LINE_CHARACTERS + 1} characters)\nz"
    assert len(plain("\x1b" * 10**6)) < 5 * TERMINAL_LINE_CHARACTERS


def test_only_the_first_line_begins_at_the_margin():
    assert indented("a\nb\n  c") == "a\n    b\n      c"
