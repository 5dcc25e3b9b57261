"""The flag `--clusters`: a number, or a range in which it is chosen without labels."""

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dcrf.cli.arguments import positive
from dcrf.errors import CommandLineError
from dcrf.reporting.lines import table
from dcrf.reporting.writers import say
from dcrf.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from dcrf.runs.choose_number import Choice
    from dcrf.runs.new_method import NewMethod

AUTO = "auto"
_RANGE = re.compile(r"(\d+)-(\d+)")
_BAR = 20  # characters of a stability of 1

MakeMethod = Callable[[int], "NewMethod"]


class NumberRange(NamedTuple):
    """Numbers of clusters to choose from, first to last; both None for those that suit the data."""

    first: int | None
    last: int | None


def number_or_range(words: str) -> int | NumberRange:
    """Return the value of `--clusters`. Raises ArgumentTypeError."""
    if words == AUTO:
        return NumberRange(None, None)
    if match := _RANGE.fullmatch(words):
        first, last = map(int, match.groups())
        if 2 <= first <= last:  # noqa: PLR2004 - one cluster needs no clustering
            return NumberRange(first, last)
        raise argparse.ArgumentTypeError(
            f"expected a rising range that starts at 2 or above, such as 2-12, got {words!r}"
        )
    try:
        return positive(words)
    except argparse.ArgumentTypeError as error:
        expected = "expected a number of at least 1, a range such as 2-12, or auto"
        raise argparse.ArgumentTypeError(f"{expected}, got {words!r}") from error


def choose(
    clusters: int | NumberRange | None, make: MakeMethod, data: Path, folder: Path
) -> "NewMethod":
    """Return the method with the given number of clusters, or with the chosen one.

    A choice is printed with its evidence, which is also written to the folder.

    Args:
        clusters: the value of `--clusters`.
        make: makes the method for a number of clusters.
        data: a file, or a folder of images.
        folder: gets `<data>_clusters.csv` and `<data>_clusters.svg`.

    Raises:
        CommandLineError: the number of clusters is missing, or the data have no clusters.
        DataError, ConfigError: the data or the method cannot be used.
    """
    if clusters is None:
        remedy = "Add --clusters K, or --clusters auto to choose the number"
        raise CommandLineError(f"{data}: how many clusters? {remedy}")
    if isinstance(clusters, int):
        return make(clusters)
    choice = _choice(clusters, make)
    files = _write(choice, folder / f"{data.stem}_clusters")
    for line in _lines(choice):
        say(line)
    say(f"the evidence: {' and '.join(map(str, files))}\n")
    if choice.number == 1:
        raise CommandLineError(
            f"{data}: the data show no clusters, so nothing was trained; "
            "to cluster them anyway, add --clusters 2"
        )
    return make(choice.number)


def _choice(numbers: NumberRange, make: MakeMethod) -> "Choice":
    from dcrf.runs.choose_number import FIRST, choose_number  # noqa: PLC0415 - it imports torch

    return choose_number(make(numbers.first or FIRST).content, numbers.first, numbers.last, say)


def _write(choice: "Choice", stem: Path) -> list[Path]:
    from dcrf.runs.choose_number import evidence_picture, evidence_table  # noqa: PLC0415

    contents = {".csv": evidence_table(choice), ".svg": evidence_picture(choice)}
    for suffix, content in contents.items():
        write_atomically(stem.with_name(f"{stem.name}{suffix}"), content.encode())
    return [stem.with_name(f"{stem.name}{suffix}") for suffix in contents]


def _lines(choice: "Choice") -> Iterator[str]:
    """Yield the evidence as a table with a curve of the stability, and the choice."""
    rows = [
        [
            str(each.k),
            f"{each.stability:.2f} +- {each.error:.2f}",
            f"{each.reference:.2f} +- {each.reference_error:.2f}",
            "#" * round(_BAR * max(each.stability, 0)),
            f"{each.separated} of {each.k}{' *' if each.k in choice.supported else '  '}",
            "-" if each.silhouette is None else f"{each.silhouette:.2f}",
            "<- chosen" if each.k == choice.number else "",
        ]
        for each in choice.evidence
    ]
    header = ["k", "stability", "without clusters", "", "separated", "mean silhouette", ""]
    yield f"\n{table(header, rows)}\n"
    yield _reason(choice)


def _reason(choice: "Choice") -> str:
    if choice.number == 1:
        return (
            "no number of clusters is more stable than in data without clusters, and has two modes "
            "between neighbors by the dip test: the data show no clusters"
        )
    is_last = choice.number == choice.evidence[-1].k
    more = "; it is the last one tried, so try a range with larger ones, too" if is_last else ""
    separated = next(each.separated for each in choice.evidence if each.k == choice.number)
    weak = f"; only {separated} of them separated from the nearest one, which is weak evidence"
    return (
        f"{choice.number} clusters: of the numbers with a star, which both tests support, the one "
        "whose stability is farthest above that of data without clusters"
        f"{weak if 2 * separated < choice.number else ''}{more}"
    )
