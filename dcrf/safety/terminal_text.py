"""Make untrusted text, such as names and keys from files, safe for terminals and logs."""

from dcrf.safety.limits import TERMINAL_LINE_CHARACTERS


def plain(text: str) -> str:
    """Return text without control sequences and with lines of limited length.

    Unprintable characters except line ends are escaped as in a Python string. A line beyond
    `TERMINAL_LINE_CHARACTERS` is cut.
    """
    return "\n".join(_cut(line) for line in text.expandtabs(4).split("\n"))


def escaped(text: str) -> str:
    """Return text whose unprintable characters are escaped as in a Python string."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _cut(line: str) -> str:
    if len(line) <= TERMINAL_LINE_CHARACTERS:
        return escaped(line)
    return f"{escaped(line[:TERMINAL_LINE_CHARACTERS])} ... ({len(line)} characters)"
