"""What transforms do by chance, made sure, so that a few tries show all that can come of them."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from dcrf.safety.limits import DRY_RUN_BRANCHES
from dcrf.schema.allowed_names import TRANSFORMS

Entry = Mapping[str, Any]


def sure_variants(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return entries that do surely what these do by chance.

    In the first variant nothing happens that need not happen, in the others everything that may;
    each alternative of every `RandomChoice` is in one of them. There is none where nothing is
    left to such chances.

    Args:
        entries: transforms of a file, as `build_transforms` takes them.
    """
    never = _side_by_side([_variants(entry, sure=False) for entry in entries])[:1]
    always = _side_by_side([_variants(entry, sure=True) for entry in entries])
    variants = always if never == always[:1] else [*never, *always]
    return [] if variants == [list(entries)] else variants


def _variants(entry: Entry, sure: bool) -> list[Entry]:
    """Return the entry without chances, once for each alternative in it."""
    named = _by_name(entry)
    p, members = named.get("p"), named.get("transforms", ())
    inside = [_variants(member, sure) for member in members]
    if entry["type"] == "RandomChoice":
        likely = zip(inside, p or [1] * len(inside), strict=False)
        branches = [branch for alternatives, weight in likely if weight for branch in alternatives]
        return branches[:DRY_RUN_BRANCHES] or [entry]
    changes = {"p": float(sure)} if isinstance(p, int | float) and 0 < p < 1 else {}
    if not members:
        return [{**named, **changes} if changes else entry]
    return [{**named, **changes, "transforms": some} for some in _side_by_side(inside)]


def _side_by_side(variants: Sequence[Sequence[Entry]]) -> list[list[Entry]]:
    """Return lists with a variant of each entry, which have all variants between them."""
    count = max(map(len, variants), default=1)
    return [[some[number % len(some)] for some in variants] for number in range(count)]


def _by_name(entry: Entry) -> dict[str, Any]:
    """Return the entry with `p`, if it has one, and without positional arguments.

    Nothing but the entry's kind where the arguments are not those of the transform.
    """
    options = {key: value for key, value in entry.items() if key != "type"}
    positional = options.pop("positional_arguments", ())
    signature = inspect.signature(TRANSFORMS[entry["type"]])
    try:
        arguments = signature.bind(*positional, **options).arguments
    except TypeError:
        return {"type": entry["type"]}
    chance = {"p": signature.parameters["p"].default} if "p" in signature.parameters else {}
    return {"type": entry["type"], **chance, **arguments}
