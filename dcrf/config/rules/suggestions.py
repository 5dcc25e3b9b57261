"""Which name may be meant by one that nothing has, at a cost that no file can raise."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import accumulate

from dcrf.safety.limits import (
    LISTED_NAMES_CHARACTERS,
    SUGGESTION_CANDIDATES_CHARACTERS,
    SUGGESTION_CHARACTERS,
)


def closest(name: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like this one, upper or lower case aside.

    There is none where they are too long or too many to be compared letter by letter.
    """
    if len(name) > SUGGESTION_CHARACTERS or sum(map(len, known)) > SUGGESTION_CANDIDATES_CHARACTERS:
        return None
    folded = {candidate.casefold(): candidate for candidate in known}
    guesses = get_close_matches(name.casefold(), folded, n=1, cutoff=cutoff)
    return folded[guesses[0]] if guesses else None


def listed(names: Iterable[str]) -> str:
    """Return the names with commas; of very many, the first ones and the number of the others."""
    every = list(names)
    ends = accumulate(len(name) + len(", ") for name in every)
    number = sum(end <= LISTED_NAMES_CHARACTERS for end in ends)
    text, left = ", ".join(every[:number]), len(every) - number
    return f"{text} and {left} more" if left else text
