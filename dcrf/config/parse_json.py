"""Parse a method file as strict JSON, with the line and column of every value.

Comments are keys, `"$comment"`: texts that any object may have, and that the result has not.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NoReturn

from dcrf.config.json_paths import Positions, child
from dcrf.errors import ConfigError, Problem
from dcrf.safety.limits import (
    JSON_PATH_CHARACTERS,
    METHOD_FILE_BYTES,
    METHOD_FILE_LEVELS,
    METHOD_FILE_VALUES,
    PROBLEMS_OF_A_KIND,
)
from dcrf.schema.package_data import is_packed, json_text
from dcrf.schema.special_words import COMMENT

DICT = Path("<dict>")
"""Source of a method that came as a dict. Its folder is the current directory."""

_SPACE = re.compile(r"[ \t\r\n]*")
_WORDS = {"NaN", "Infinity", "-Infinity"}


@dataclass(frozen=True, slots=True)
class RawConfig:
    """The parsed, unchecked content of a method file.

    data: of a duplicate key, the last value.
    positions: of every value; (0, 0) for those of a dict.
    problems: duplicate keys.
    files: JSON path -> file of each value that is not in `source` but in a file that it extends.
    """

    source: Path
    data: dict[str, Any]
    positions: Positions
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def read(source: Path) -> RawConfig:
    """Parse a file.

    Raises:
        ConfigError: the file is unreadable, not UTF-8, not JSON or not an object. Also for NaN
            and Infinity, numbers out of range, and more bytes, values or levels than the limits.
    """
    reader = _Reader(text_of(source))
    try:
        data = reader.document()
    except _InvalidError as error:
        raise ConfigError(source, [*reader.problems, error.problem]) from None
    if not isinstance(data, dict):
        remedy = 'a method file is an object: { "name": ..., "mappings": ..., ... }'
        raise ConfigError(source, [Problem("$", "the file is not a JSON object", remedy, 1, 1)])
    return RawConfig(source, data, reader.positions, tuple(reader.problems))


def from_dict(method: Mapping[str, Any]) -> RawConfig:
    """Return a copy of a dict as if parsed from a file, under the same limits.

    Tuples become lists, and paths become strings.

    Raises:
        ConfigError: a value has no JSON equivalent, or exceeds the limits of `read`.
    """
    if problems := list(islice(_not_json(method, "$", 1), PROBLEMS_OF_A_KIND)):
        raise ConfigError(DICT, problems)
    try:
        reader = _Reader(json.dumps(method, default=_json_equivalent))
        data = reader.document()
    except _InvalidError as error:
        problem = error.problem
        raise ConfigError(DICT, [Problem(problem.path, problem.found, problem.remedy)]) from None
    return RawConfig(DICT, data, dict.fromkeys(reader.positions, (0, 0)))


def value_of(text: str) -> Any:
    """Parse one strict JSON value; raise ValueError if `text` is anything else."""
    reader = _Reader(text)
    value = reader.document()
    if reader.problems:
        raise ValueError(reader.problems[0].found)
    return value


def text_of(source: Path) -> str:
    """Return the text of a file; the errors are those of `read`, but for what is in the text."""
    if is_packed(source):
        return json_text(source)
    try:
        with source.open("rb") as file:
            content = file.read(METHOD_FILE_BYTES + 1)  # a device may be endless
        if len(content) > METHOD_FILE_BYTES:
            message = f"the file has more than {METHOD_FILE_BYTES} bytes"
            raise ConfigError(source, [Problem("$", message, "a method file has a few thousand")])
        return content.decode("utf-8-sig")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or error}"
        raise ConfigError(source, [Problem("$", message, "check path and permissions")]) from error
    except ValueError as error:
        message = f"the file is not UTF-8 text: {error}"
        raise ConfigError(source, [Problem("$", message, "save it as UTF-8")]) from error


def _not_json(value: object, path: str, depth: int) -> Iterator[Problem]:
    """Yield a problem for every Python value that JSON cannot express."""
    if depth > METHOD_FILE_LEVELS:
        yield Problem(
            path, f"more than {METHOD_FILE_LEVELS} levels, or an object inside itself", "nest less"
        )
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _not_json(item, child(path, key), depth + 1)
            else:
                yield Problem(path, f"the key {key!r} is not a string", "write a string")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _not_json(item, child(path, index), depth + 1)
    elif value is not None and not isinstance(value, str | Real | PathLike):
        remedy = "JSON has objects, lists, strings, numbers, true, false and null"
        yield Problem(path, f"a value of type {type(value).__name__} is not JSON", remedy)


def _json_equivalent(value: Any) -> Any:
    """Convert values that `_not_json` accepts but the json module does not."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, PathLike):
        return fspath(value)
    return int(value) if isinstance(value, Integral) else float(value)


def _is_comment(value: Any) -> bool:
    lines = value if isinstance(value, list) else [value]
    return all(isinstance(line, str) for line in lines)


class _InvalidError(ValueError):
    """The text is not valid JSON within the limits."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.found)
        self.problem = problem


class _Reader:
    """A recursive-descent parser for one text. Offsets into the text are called `at`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.positions: dict[str, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._decode_scalar = json.JSONDecoder().raw_decode

    def document(self) -> Any:
        """Return the one value in the text."""
        value, at = self._value("$", self._skip_space(0), 1)
        if at < len(self.text):
            self._fail("$", at, "text after the end of the object", "remove it")
        return value

    def _value(self, path: str, at: int, depth: int) -> tuple[Any, int]:
        """Return the value that starts at `at`, and the offset of the next token."""
        self._check_limits(path, at, depth)
        self.positions[path] = self._position(at)
        opening = self.text[at : at + 1]
        if opening == "{":
            return self._object(path, at, depth)
        if opening == "[":
            return self._list(path, at, depth)
        value, end = self._scalar(path, at)
        return value, self._skip_space(end)

    def _check_limits(self, path: str, at: int, depth: int) -> None:
        if depth > METHOD_FILE_LEVELS:
            self._fail(path, at, f"more than {METHOD_FILE_LEVELS} levels", "nest less deeply")
        if len(self.positions) >= METHOD_FILE_VALUES:
            self._fail(path, at, f"more than {METHOD_FILE_VALUES} values", "write fewer")
        if len(path) > JSON_PATH_CHARACTERS:
            message = f"the keys around this value have more than {JSON_PATH_CHARACTERS} characters"
            self._fail(f"{path[:JSON_PATH_CHARACTERS]}...", at, message, "write shorter keys")

    def _object(self, path: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}

        def member(at: int) -> int:
            key, end = self._key(path, at)
            key_path = child(path, key)
            if key in members:
                duplicate = f"the key {key!r} occurs twice in this object"
                self.problems.append(Problem(key_path, duplicate, "keep one", *self._position(at)))
            members[key], end = self._value(key_path, end, depth + 1)
            return end

        end = self._members(path, at, "}", member)
        if not _is_comment(members.pop(COMMENT, "")):
            comment = child(path, COMMENT)
            found, remedy = "a comment is not text", "write a string or a list of strings"
            self.problems.append(Problem(comment, found, remedy, *self.positions[comment]))
        return members, end

    def _list(self, path: str, at: int, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []

        def member(at: int) -> int:
            value, end = self._value(child(path, len(items)), at, depth + 1)
            items.append(value)
            return end

        return items, self._members(path, at, "]", member)

    def _members(self, path: str, at: int, closing: str, member: Callable[[int], int]) -> int:
        """Parse the members between two brackets, and return the offset of the next token."""
        at = self._skip_space(at + 1)
        if self.text[at : at + 1] == closing:
            return self._skip_space(at + 1)
        while True:
            at = member(at)
            if self.text[at : at + 1] == closing:
                return self._skip_space(at + 1)
            if self.text[at : at + 1] != ",":
                self._unexpected(path, at, [",", closing])
            comma, at = at, self._skip_space(at + 1)
            if self.text[at : at + 1] == closing:
                self._fail(path, comma, f"trailing comma before {closing!r}", "remove it")

    def _key(self, path: str, at: int) -> tuple[str, int]:
        """Return a key, and the offset of its value."""
        if self.text[at : at + 1] != '"':
            self._unexpected(path, at, ['a key in "double quotes"'])
        key, end = self._scalar(path, at)
        end = self._skip_space(end)
        if self.text[end : end + 1] != ":":
            self._unexpected(path, end, [f"a colon after the key {key!r}"])
        return key, self._skip_space(end + 1)

    def _scalar(self, path: str, at: int) -> tuple[Any, int]:
        """Return the string, number, true, false or null at `at`, and the offset of its end."""
        try:
            value, end = self._decode_scalar(self.text, at)
        except json.JSONDecodeError as error:
            self._bad_scalar(path, at, error)
        except ValueError:  # Python converts at most 4300 digits
            self._fail(path, at, "the number has too many digits", "write a smaller number")
        if isinstance(value, float) and not abs(value) < float("inf"):
            written = self.text[at:end]
            message = f"{written} is {'not a JSON number' if written in _WORDS else 'too large'}"
            self._fail(path, at, message, "write a finite number")
        if isinstance(value, str) and not value.isascii() and re.search("[\ud800-\udfff]", value):
            self._fail(path, at, "the text has half a surrogate pair", "write whole characters")
        return value, end

    def _bad_scalar(self, path: str, at: int, error: json.JSONDecodeError) -> NoReturn:
        if self.text[at : at + 1] == '"':
            remedy = "end the text with a double quote; write line breaks in it as \\n"
            self._fail(path, error.pos, f"invalid text: {error.msg.lower()}", remedy)
        self._unexpected(path, at, ["a value"])

    def _unexpected(self, path: str, at: int, expected: Sequence[str]) -> NoReturn:
        token = re.compile(r"[^\s,:{}\[\]]{1,20}|.|\Z", re.DOTALL).match(self.text, at)
        text = repr(token.group()) if token and token.group() else "the end of the file"
        remedy = f"expected here: {' or '.join(expected)}"
        if text.startswith(("'/", "'#")):
            remedy += f'; write a comment as a key: "{COMMENT}": "text"'
        self._fail(path, at, f"invalid JSON at {text}", remedy)

    def _fail(self, path: str, at: int, message: str, remedy: str) -> NoReturn:
        raise _InvalidError(Problem(path, message, remedy, *self._position(at)))

    def _skip_space(self, at: int) -> int:
        space = _SPACE.match(self.text, at)
        return space.end() if space else at

    def _position(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, at)
        return line, at - self._line_starts[line - 1] + 1
