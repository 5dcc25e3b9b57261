"""Guess the name that a misspelled one means, at a bounded cost."""

import re
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches
from itertools import accumulate, takewhile

from dcrf.safety.limits import (
    LISTED_NAMES_CHARACTERS,
    SUGGESTION_CANDIDATES_CHARACTERS,
    SUGGESTION_CHARACTERS,
)

_CANDIDATES = 5
_SAME_NAME = 0.85  # similarity of two spellings of one name, however many words it has
_SAME_WORD = 0.66
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORTEST_WORD = 3


def closest(name: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most similar to this one, ignoring case.

    None if no name is similar, or if the names are too long or too many to compare. A name that
    shares only some words has another meaning: GaussianNoise does not mean GaussianBlur.
    """
    if len(name) > SUGGESTION_CHARACTERS or sum(map(len, known)) > SUGGESTION_CANDIDATES_CHARACTERS:
        return None
    folded = {candidate.casefold(): candidate for candidate in known}
    written = name.casefold()
    similar = get_close_matches(written, folded, n=_CANDIDATES, cutoff=cutoff)
    similar.sort(key=lambda other: (-_similarity(written, other), -_n_equal(written, other)))
    return next((folded[s] for s in similar if _may_mean(name, folded[s])), None)


def hint(name: str, known: Collection[str]) -> str:
    """Return `; did you mean 'x'?` for the end of a message, or nothing if no name is similar."""
    guess = closest(name, known)
    return f"; did you mean {guess!r}?" if guess else ""


def listed(names: Iterable[str]) -> str:
    """Join names with commas; after the first ones, count the rest."""
    every = list(names)
    ends = accumulate(len(name) + len(", ") for name in every)
    number = sum(end <= LISTED_NAMES_CHARACTERS for end in ends)
    text, left = ", ".join(every[:number]), len(every) - number
    return f"{text} and {left} more" if left else text


def _may_mean(written: str, known: str) -> bool:
    """Whether all words of one name occur in the other, give or take a few letters."""
    if _similarity(written, known) >= _SAME_NAME:
        return True
    words, known_words = _words(written), _words(known)
    return _all_occur(words, known_words) or _all_occur(known_words, words)


def _words(name: str) -> list[str]:
    return [word for word in _WORD.findall(name) if len(word) >= _SHORTEST_WORD]


def _all_occur(words: Iterable[str], others: Collection[str]) -> bool:
    return all(any(_similarity(word, other) >= _SAME_WORD for other in others) for word in words)


def _n_equal(first: str, second: str) -> int:
    """Return the number of letters with which both begin."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _similarity(first: str, second: str) -> float:
    return SequenceMatcher(None, first.casefold(), second.casefold()).ratio()
