"""The progress of a run in a line of a given width."""

import unicodedata
from collections.abc import Sequence

from dcrf.reporting.progress import Status
from dcrf.safety.terminal_text import escaped

_GAP = "  "
_SHORTEST_NAME = 8


def status_line(status: Status, columns: int, name: str = "") -> str:
    """Return the most important parts of a status that fit.

    `phase 2 of 3 finetuning  it 1,240 of 5,000  38 it/s  4:10 left  ACC 0.812  target 0.0123`

    The order of importance is the phase, the iteration, the time that is left, the rate, the
    scores, the losses. If the first score does not fit, phase and iteration have the short form
    `2/3 finetuning  1,240/5,000`.

    Args:
        status: of the run.
        columns: at least 1.
        name: of the run if several are shown, which have the short form.
    """
    head = [escaped(name)] if name else []
    losses = [f"{escaped(loss)} {value:.3g}" for loss, value in status.losses.items()]
    short = _short_parts(status, columns)
    for parts in [short] if name else [_long_parts(status), short]:
        ranked = [*head, *parts, *status.scores, *losses]
        number = _fitting(ranked, columns)
        if number >= len(head) + len(parts) + min(1, len(status.scores)):
            break
    shown = ranked[:number] if number else [cut(ranked[0], columns)]
    return _GAP.join(_in_order(shown, len(head)))


def progress_line(status: Status) -> str:
    """Return `finetuning  it 1240 of 5000  38 it/s  4:10 left  ACC 0.812` for a log."""
    total = "" if status.iterations is None else f" of {status.iterations}"
    losses = (f"{name} {value:.4g}" for name, value in status.losses.items())
    parts = [status.phase, f"it {status.iteration}{total}", _rate(status), _left(status, "at most")]
    return _GAP.join(filter(None, [*parts, *status.scores, *losses]))


def cut(text: str, columns: int) -> str:
    """Return text of at most this width, with `...` for what is cut."""
    if width(text) <= columns:
        return text
    end = "..."[:columns]
    while width(text) > columns - len(end):
        text = text[:-1]
    return f"{text}{end}"


def cut_start(text: str, columns: int) -> str:
    """Return text of at most this width, with `...` in place of its start."""
    return cut(text[::-1], columns)[::-1]


def width(text: str) -> int:
    """Return the columns of a text: 2 for East Asian wide characters, 0 for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _long_parts(status: Status) -> list[str]:
    """Return phase, iteration, time left and rate, in the order of importance."""
    number = f"phase {status.number} of {status.phases} " if status.number else ""
    dataset = f" on {status.dataset}" if status.dataset else ""
    total = "" if status.iterations is None else f" of {status.iterations:,}"
    iteration = "starts" if status.iteration is None else f"it {status.iteration:,}{total}"
    parts = [f"{number}{status.phase}{dataset}", iteration, _left(status, "at most"), _rate(status)]
    return [escaped(part) for part in parts]


def _short_parts(status: Status, columns: int) -> list[str]:
    number = f"{status.number}/{status.phases} " if status.number else ""
    phase = cut(status.phase, max(columns // 4, _SHORTEST_NAME))
    total = "" if status.iterations is None else f"/{status.iterations:,}"
    iteration = "starts" if status.iteration is None else f"{status.iteration:,}{total}"
    return [escaped(p) for p in (f"{number}{phase}", iteration, _left(status, "<="), _rate(status))]


def _left(status: Status, at_most: str) -> str:
    if status.seconds_left is None:
        return ""
    bound = f"{at_most} " if status.may_end_earlier else ""
    return f"{bound}{clock_time(status.seconds_left)} left"


def clock_time(seconds: float) -> str:
    """Return `0:08`, `4:10` or `1:04:10`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _rate(status: Status) -> str:
    rate = status.rate
    if rate is None:
        return ""
    if rate < 1:
        return f"{1 / rate:.1f} s/it"
    return f"{rate:,.0f} it/s" if rate >= 10 else f"{rate:.1f} it/s"  # noqa: PLR2004 - two digits


def _fitting(parts: Sequence[str], columns: int) -> int:
    """Return how many of the first parts fit, of which empty ones have no gap."""
    total = 0
    for number, part in enumerate(parts):
        if part:
            total += width(part) + (len(_GAP) if total else 0)
        if total > columns:
            return number
    return len(parts)


def _in_order(parts: Sequence[str], n_head: int) -> list[str]:
    """Return parts in the order in which they are read: the rate before the time left."""
    left = n_head + 2
    in_order = [*parts[:left], *reversed(parts[left : left + 2]), *parts[left + 2 :]]
    return [part for part in in_order if part]
