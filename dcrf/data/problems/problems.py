"""What makes clustering problems, as a protocol."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from dcrf.batch import Clock
from dcrf.errors import OptionError


class Drawn(NamedTuple):
    """Problems that have been drawn.

    objects: of each problem, in any form that their maker can turn into samples.
    partition: (b, n) int64, the cluster of each object, numbered from 0; -1 where there is none.
    """

    objects: Any
    partition: Tensor


class ProblemMaker(Protocol):
    """Makes clustering problems of up to `max_objects` objects."""

    max_objects: int

    def draw(self, n_problems: int, random: Generator) -> Drawn:
        """Draw problems; the objects of each are in random order."""
        ...

    def samples(self, drawn: Drawn, purpose: str, clock: Clock, view: str | None) -> Tensor:
        """Return (b, n, *object_shape): the objects, in a named view or the default one.

        Args:
            drawn: by this maker.
            purpose: part of the seeds of a random view, with the clock.
            clock: epoch and iteration.
            view: its name; None for the default one.
        """
        ...

    def fingerprint(self) -> Mapping[str, Any]:
        """Return plain values that identify the objects, for checkpoints."""
        ...


def draw_number_of_objects(least: int, most: int, random: Generator) -> int:
    """Draw the number of objects of a problem uniformly."""
    return least if least == most else int(random.integers(least, most + 1))


def filled_up(rows: list[NDArray], length: int, value: float) -> NDArray:
    """Return rows (n, ...) of different lengths as one array (b, length, ...)."""
    first = rows[0]
    whole = np.full((len(rows), length, *first.shape[1:]), value, first.dtype)
    for place, row in zip(whole, rows, strict=True):
        place[: len(row)] = row
    return whole


def range_of_objects(num_objects: int | Sequence[int], needed: int) -> tuple[int, int]:
    """Return the least and the greatest number of objects of a problem.

    Args:
        num_objects: both, or one number for both.
        needed: the objects that the greatest number of clusters needs.

    Raises:
        OptionError: the least exceeds the greatest, or the greatest is less than needed.
    """
    least, most = (num_objects, num_objects) if isinstance(num_objects, int) else tuple(num_objects)
    if least > most:
        raise OptionError("num_objects", f"the least number, {least}, exceeds the greatest, {most}")
    if most < needed:
        raise OptionError(
            "num_objects", f"num_clusters need {needed} objects, but a problem has at most {most}"
        )
    return least, most


def check_least_clusters(least: int, most: int) -> None:
    """Raise OptionError if the least number of clusters exceeds the greatest."""
    if least > most:
        raise OptionError("min_clusters", f"it is {least}, but the greatest number is {most}")
