"""The command `dcrf explain`: what a part, an object or a key of a method file means."""

from collections.abc import Iterator, Sequence

from dcrf.cli.arguments import Parser
from dcrf.cli.output import command
from dcrf.cli.text import paragraph
from dcrf.config.rules.suggestions import closest, listed
from dcrf.config.shipped_uses import shipped_uses
from dcrf.errors import CommandLineError
from dcrf.reporting.writers import say
from dcrf.schema.explain import (
    SECTIONS,
    Explanation,
    Key,
    Occurrence,
    explanations,
    key_names,
    kinds,
    kinds_called,
    occurrences,
    part_called,
    refusals,
    words,
    words_of_torch,
)
from dcrf.storage.write_json import readable

OK = 0
DESCRIPTION = """\
Explain a part of a method, such as target_distribution or k_means, an object of a method file, such
as phase, or a key, such as batch_size. Without a word: list all parts.
"""
_LISTED = 3
"""Methods and meanings that an explanation lists."""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    word = parser().parse_args(arguments).word
    lines = _everything() if word is None else _explained(word)
    say("\n".join(lines))
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf explain",
        description=DESCRIPTION,
    )
    flags.add_argument("word", nargs="?", metavar="WORD", help="a part, an object or a key")
    return flags


def _everything() -> Iterator[str]:
    """Yield the lines of all kinds and their parts."""
    for kind, names in kinds().items():
        yield kind
        yield from paragraph(", ".join(names), 2)
        yield ""
    yield "object of a method file"
    yield from paragraph(", ".join(SECTIONS), 2)
    yield ""
    yield from paragraph(
        f"{command()} explain WORD explains each of them, every key, and the layers, functions, "
        "optimizers and data sets of torch that files may name."
    )


def _explained(word: str) -> Iterator[str]:
    """Yield the lines of every meaning of a word.

    Raises:
        CommandLineError: it has none.
    """
    blocks = [[*_part(explanation)] for explanation in explanations(word)]
    blocks += [
        [f"{kind}: one of", *paragraph(", ".join(kinds()[kind]), 2)] for kind in kinds_called(word)
    ]
    if meanings := occurrences(word):
        blocks.append([*_key_everywhere(word, meanings)])
    if not blocks:
        blocks = [paragraph(f"{word}: not in a file, {text}") for text in refusals(word)]
    if not blocks:
        known = (words(), key_names(), words_of_torch())
        guess = next((name for names in known if (name := closest(word, names))), None)
        remedy = f"did you mean {guess!r}?" if guess else f"{command()} explain lists all parts"
        raise CommandLineError(f"nothing is called {word!r}; {remedy}")
    for index, block in enumerate(blocks):
        yield from ("",) if index else ()
        yield from block


def _part(part: Explanation) -> Iterator[str]:
    """Yield the lines of a part."""
    name, *others = part.names
    yield f"{name}: {part.kind}"
    for other in others:
        yield f"  also written {other}"
    yield ""
    if part.title.casefold() != name.replace("_", " ").casefold():
        yield from (*paragraph(part.title), "")
    yield from paragraph(part.description)
    for note in part.notes:
        yield from paragraph(note)
    if part.formula:
        yield from ("", "formula")
    for line in part.formula:
        yield from paragraph(line, 2, 6)
    if part.source:
        yield from ("", *paragraph(f"Source: {part.source}", 0, 2))
    if part.keys:
        yield from ("", "keys")
        for key in sorted(part.keys, key=lambda key: not key.need):
            yield from _key(key)
    yield from _uses(name)


def _key(key: Key) -> Iterator[str]:
    """Yield the lines of a key."""
    facts = [key.values, key.need]
    if key.default is not None:
        facts.append(f"default {key.default}")
    yield from paragraph(f"{key.name}: {', '.join(filter(None, facts))}".rstrip(": "), 2, 6)
    if key.description:
        yield from paragraph(key.description, 4)


def _uses(name: str) -> Iterator[str]:
    """Yield the shortest entry of a shipped method that has the part, and some more methods."""
    found = part_called(name)
    uses = shipped_uses(*found) if found else []
    if uses:
        yield from ("", f"as in {uses[0].method}")
        yield from (f"  {line}" for line in readable(uses[0].entry).splitlines())
    if others := [use.method for use in uses[1 : _LISTED + 1]]:
        number = len(uses) - 1 - len(others)
        more = f" and {number} more" if number else ""
        yield from paragraph(f"also in {', '.join(others)}{more}")


def _key_everywhere(word: str, meanings: Sequence[Occurrence]) -> Iterator[str]:
    """Yield the lines of a key with all its meanings."""
    yield f"{word}: key of a method file"
    for meaning in meanings:
        yield ""
        yield from paragraph(f"in {listed(meaning.owners)}", 0, 2)
        yield from _key(meaning.key)
