"""Text for terminals and logs, some of which is from files: names, keys, messages."""

from dcrf.safety.limits import TERMINAL_LINE_CHARACTERS


def plain(text: str) -> str:
    """Return text that moves no cursor, changes no color and floods no screen.

    What cannot be printed is written as in a Python string, except for the ends of lines; of a
    very long line the beginning is left.
    """
    return "\n".join(_cut(line) for line in text.expandtabs(4).split("\n"))


def escaped(text: str) -> str:
    """Return text with an escape, as in a Python string, for each character without a glyph."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _cut(line: str) -> str:
    if len(line) <= TERMINAL_LINE_CHARACTERS:
        return escaped(line)
    return f"{escaped(line[:TERMINAL_LINE_CHARACTERS])} ... ({len(line)} characters)"
