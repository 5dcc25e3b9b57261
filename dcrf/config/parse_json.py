"""Read a method file as strict JSON, and remember where everything stands."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from dcrf.config.json_paths import Places, child
from dcrf.errors import ConfigError, Problem
from dcrf.safety.limits import (
    JSON_PATH_CHARACTERS,
    METHOD_FILE_BYTES,
    METHOD_FILE_LEVELS,
    METHOD_FILE_VALUES,
)

_SPACE = re.compile(r"[ \t\r\n]*")
_WORDS = {"NaN", "Infinity", "-Infinity"}


@dataclass(frozen=True, slots=True)
class RawConfig:
    """What a file says, unchecked.

    places: JSON path -> (line, column) of each value, from 1.
    problems: keys that stand twice in one object; `data` has the last.
    """

    source: Path
    data: dict[str, Any]
    places: Places
    problems: tuple[Problem, ...] = ()


def read(source: Path) -> RawConfig:
    """Read a file.

    Raises:
        ConfigError: it cannot be read, is not UTF-8, not JSON, no object, or holds what JSON
            does not have (NaN, Infinity), numbers that no computer number can hold, or more
            bytes, values or levels than any method needs.
    """
    reader = _Reader(_text_of(source))
    try:
        data = reader.document()
    except _InvalidError as error:
        raise ConfigError(source, [*reader.problems, error.problem]) from None
    if not isinstance(data, dict):
        remedy = 'a method file is an object: { "name": ..., "mappings": ..., ... }'
        raise ConfigError(source, [Problem("$", "the file holds no object", remedy, 1, 1)])
    return RawConfig(source, data, reader.places, tuple(reader.problems))


def value_of(text: str) -> Any:
    """Return the value that a piece of strict JSON holds; raise ValueError if it is none."""
    reader = _Reader(text)
    value = reader.document()
    if reader.problems:
        raise ValueError(reader.problems[0].found)
    return value


def _text_of(source: Path) -> str:
    try:
        with source.open("rb") as file:
            content = file.read(METHOD_FILE_BYTES + 1)  # never all of what may be without end
        if len(content) > METHOD_FILE_BYTES:
            found = f"the file has more than {METHOD_FILE_BYTES} bytes"
            raise ConfigError(source, [Problem("$", found, "a method file has a few thousand")])
        return content.decode("utf-8-sig")
    except OSError as error:
        found = f"the file cannot be read: {error.strerror or error}"
        raise ConfigError(source, [Problem("$", found, "check path and permissions")]) from error
    except ValueError as error:
        found = f"the file is not UTF-8 text: {error}"
        raise ConfigError(source, [Problem("$", found, "save it as UTF-8")]) from error


class _InvalidError(ValueError):
    """The text stops being JSON that can be used."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.found)
        self.problem = problem


class _Reader:
    """One pass over the text of a file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: dict[str, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._scalar = json.JSONDecoder().raw_decode

    def document(self) -> Any:
        """Return the one value that the text holds."""
        value, at = self._value("$", self._skip(0), 1)
        if at < len(self.text):
            self._fail("$", at, "there is text after the end of the object", "remove it")
        return value

    def _value(self, path: str, at: int, depth: int) -> tuple[Any, int]:
        """Return the value that begins at `at`, and where the next word begins."""
        self._check_size(path, at, depth)
        self.places[path] = self._place(at)
        opening = self.text[at : at + 1]
        if opening == "{":
            return self._object(path, at, depth)
        if opening == "[":
            return self._list(path, at, depth)
        value, end = self._plain(path, at)
        return value, self._skip(end)

    def _check_size(self, path: str, at: int, depth: int) -> None:
        if depth > METHOD_FILE_LEVELS:
            found = f"there are more than {METHOD_FILE_LEVELS} levels"
            self._fail(path, at, found, "nest less deeply")
        if len(self.places) >= METHOD_FILE_VALUES:
            found = f"there are more than {METHOD_FILE_VALUES} values"
            self._fail(path, at, found, "write fewer")
        if len(path) > JSON_PATH_CHARACTERS:
            found = f"the keys around this value have more than {JSON_PATH_CHARACTERS} characters"
            self._fail(f"{path[:JSON_PATH_CHARACTERS]}...", at, found, "write shorter keys")

    def _object(self, path: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}

        def member(at: int) -> int:
            key, end = self._key(path, at)
            key_path = child(path, key)
            if key in found:
                place = self._place(at)
                self.problems.append(
                    Problem(key_path, f"the key {key!r} stands here twice", "keep one", *place)
                )
            found[key], end = self._value(key_path, end, depth + 1)
            return end

        return found, self._members(path, at, "}", member)

    def _list(self, path: str, at: int, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []

        def member(at: int) -> int:
            value, end = self._value(child(path, len(found)), at, depth + 1)
            found.append(value)
            return end

        return found, self._members(path, at, "]", member)

    def _members(self, path: str, at: int, closing: str, member: Callable[[int], int]) -> int:
        """Read what stands between brackets, and return where the next word begins."""
        at = self._skip(at + 1)
        if self.text[at : at + 1] == closing:
            return self._skip(at + 1)
        while True:
            at = member(at)
            if self.text[at : at + 1] == closing:
                return self._skip(at + 1)
            if self.text[at : at + 1] != ",":
                self._unexpected(path, at, [",", closing])
            comma, at = at, self._skip(at + 1)
            if self.text[at : at + 1] == closing:
                self._fail(path, comma, f"trailing comma before {closing!r}", "remove it")

    def _key(self, path: str, at: int) -> tuple[str, int]:
        """Return a key, and where its value begins."""
        if self.text[at : at + 1] != '"':
            self._unexpected(path, at, ['a key in "double quotes"'])
        key, end = self._plain(path, at)
        end = self._skip(end)
        if self.text[end : end + 1] != ":":
            self._unexpected(path, end, [f"a colon after the key {key!r}"])
        return key, self._skip(end + 1)

    def _plain(self, path: str, at: int) -> tuple[Any, int]:
        """Return the string, number, true, false or null at `at`, and where it ends."""
        try:
            value, end = self._scalar(self.text, at)
        except json.JSONDecodeError as error:
            self._bad_plain(path, at, error)
        except ValueError:  # Python turns no more than 4300 digits into an integer
            self._fail(path, at, "the number has too many digits", "write a smaller number")
        if isinstance(value, float) and not abs(value) < float("inf"):
            written = self.text[at:end]
            found = (
                f"{written} is no number of JSON"
                if written in _WORDS
                else f"{written} is too large"
            )
            self._fail(path, at, found, "write a finite number")
        if isinstance(value, str) and not value.isascii() and re.search("[\ud800-\udfff]", value):
            self._fail(path, at, "the text has half a surrogate pair", "write whole characters")
        return value, end

    def _bad_plain(self, path: str, at: int, error: json.JSONDecodeError) -> NoReturn:
        if self.text[at : at + 1] == '"':
            remedy = "end the text with a double quote; line breaks in it are written \\n"
            self._fail(path, error.pos, f"invalid text: {error.msg.lower()}", remedy)
        self._unexpected(path, at, ["a value"])

    def _unexpected(self, path: str, at: int, expected: Sequence[str]) -> NoReturn:
        word = re.compile(r"[^\s,:{}\[\]]{1,20}|.|\Z", re.DOTALL).match(self.text, at)
        found = repr(word.group()) if word and word.group() else "the end of the file"
        remedy = f"expected here: {' or '.join(expected)}"
        if found.startswith(("'/", "'#")):
            remedy += "; JSON has no comments"
        self._fail(path, at, f"invalid JSON at {found}", remedy)

    def _fail(self, path: str, at: int, found: str, remedy: str) -> NoReturn:
        raise _InvalidError(Problem(path, found, remedy, *self._place(at)))

    def _skip(self, at: int) -> int:
        space = _SPACE.match(self.text, at)
        return space.end() if space else at

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, at)
        return line, at - self._line_starts[line - 1] + 1
