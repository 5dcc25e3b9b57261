"""Start a method file from another one, its base: `"extends": "FILE"`.

The file changes entries of the base. Objects merge key by key. A list whose entries all have names
merges by name, and any other list is replaced. `{"$remove": true}` drops an entry or a key.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dcrf.config import parse_json
from dcrf.config.defaults import add_names
from dcrf.config.deprecated_keys import other_spelling
from dcrf.config.json_paths import child, parent
from dcrf.config.parse_json import RawConfig
from dcrf.config.path_checks import is_file, is_there
from dcrf.config.rules.schema_errors import suggestion
from dcrf.config.safe_lookup import text
from dcrf.config.schema_lookup import KIND_BY_URI, Node, root
from dcrf.errors import ConfigError, Problem
from dcrf.safety.limits import METHOD_FILE_BASES, METHOD_FILE_VALUES
from dcrf.schema.package_data import is_packed

EXTENDS, ABSTRACT, REMOVE = "extends", "abstract", "$remove"

ABSTRACT_PROBLEM = Problem(
    f"$.{ABSTRACT}",
    "the file is abstract: other files extend it, and it does not run by itself",
    f"name a file that extends it, or remove {ABSTRACT!r}",
)

_NAMES = {"name", "type", "pattern", "dataset", "source"}
"""Keys that may stand beside `$remove`: names, and those from which unnamed entries get one."""


def read(source: Path) -> RawConfig:
    """Parse a method file, and merge it into its base.

    Raises:
        ConfigError: as `whole`, and if the file itself is unreadable or not an object.
    """
    return whole(parse_json.read(source))


def movable(source: Path) -> dict[str, Any]:
    """Return the content of a method file, with all that it extends, with absolute paths only.

    Raises:
        ConfigError: as `read`.
    """
    raw = read(source)
    files = {**dict.fromkeys(raw.positions, str(source)), **raw.files}
    content: dict[str, Any] = _with_absolute_paths(root(raw.data), files)
    return content


def whole(raw: RawConfig) -> RawConfig:
    """Return a method merged into its base, which may have a base, too.

    The result has neither `extends` nor the `abstract` of a base. Its paths are positions in the
    merged method. Relative paths of a base are absolute. A method without `extends` is returned
    unchanged.

    Raises:
        ConfigError: `extends` does not name a readable method file, or the chain of bases is a
            circle or too long. Also if all files together have too many values.
    """
    if EXTENDS not in raw.data:
        return raw
    files = [raw]
    while EXTENDS in files[-1].data:
        files.append(_base_of(files))
    for file in files:
        add_names(file.data)
    if sum(len(file.positions) for file in files) > METHOD_FILE_VALUES:
        message = f"the file and its bases have more than {METHOD_FILE_VALUES} values"
        raise ConfigError(raw.source, [_at_extends(raw, "", message, "write fewer")])
    base = files.pop()
    while files:
        base = merged(base, files.pop())
    return with_absolute_paths(base)


def merged(base: RawConfig, changes: RawConfig) -> RawConfig:
    """Return a base with the changes of a file that extends it.

    An entry that names another part, such as another `pattern`, replaces the whole entry, since
    most keys of one part mean nothing in another.

    Args:
        base: with names in all lists that merge by name.
        changes: the same.
    """
    inherited = {key: item for key, item in base.data.items() if key != ABSTRACT}
    own = {key: item for key, item in changes.data.items() if key != EXTENDS}
    merging = _Merging(base, changes)
    method = merging.value(root(inherited), root(own), "$")
    problems = (*base.problems, *changes.problems, *merging.problems)
    return RawConfig(changes.source, method, merging.positions, problems, merging.files)


def with_absolute_paths(raw: RawConfig) -> RawConfig:
    """Return a method whose relative paths from other files, in `files`, are absolute."""
    return replace(raw, data=_with_absolute_paths(root(raw.data), raw.files))


def is_abstract(file: Path) -> bool:
    """Whether a method file says that it is only a base of others: `"abstract": true`."""
    try:
        text = parse_json.text_of(file)
        may_say_so = ABSTRACT in text or "\\u" in text  # most files need not be parsed
        return may_say_so and parse_json.read(file).data.get(ABSTRACT) is True
    except ConfigError:
        return False


def _base_of(files: list[RawConfig]) -> RawConfig:
    """Return the base of the last file, each of which is the base of the one before.

    Its values and problems name the file.
    """
    last = files[-1]
    named = last.data[EXTENDS]
    own_name = "" if len(files) == 1 else str(last.source)
    if not isinstance(named, str) or not named or "\0" in named:
        problem = "expected the path of a method file", "write for example ../shared/base.json"
        raise ConfigError(files[0].source, [_at_extends(last, own_name, *problem)])
    source = Path(os.path.normpath(last.source.parent / named))
    if reason := _refusal([file.source for file in files], source):
        raise ConfigError(files[0].source, [_at_extends(last, own_name, *reason)])
    try:
        raw = parse_json.read(source)
    except ConfigError as error:
        in_base = [replace(problem, file=str(source)) for problem in error.problems]
        raise ConfigError(files[0].source, in_base) from None
    problems = tuple(replace(problem, file=str(source)) for problem in raw.problems)
    return replace(raw, problems=problems, files=dict.fromkeys(raw.positions, str(source)))


def _refusal(chain: list[Path], source: Path) -> tuple[str, str] | None:
    """Return why a file cannot be the base of the last file of a chain, and the remedy."""
    if not is_packed(source) and not is_file(source):
        reason = "is not a regular file" if is_there(source) else "does not exist"
        return f"the file {source} {reason}", "a relative path starts at the folder of this file"
    real = [os.path.realpath(path) for path in (*chain, source)]
    if real[-1] in real[:-1]:
        circle = [*chain[real.index(real[-1]) :], source]
        return f"the files extend each other: {' -> '.join(map(str, circle))}", "remove one extends"
    if len(chain) > METHOD_FILE_BASES:
        return f"more than {METHOD_FILE_BASES} files extend each other", "merge some of them"
    return None


def _at_extends(raw: RawConfig, file: str, found: str, remedy: str) -> Problem:
    line, column = raw.positions.get(f"$.{EXTENDS}", (0, 0))
    return Problem(f"$.{EXTENDS}", found, remedy, line, column, file)


@dataclass(frozen=True, slots=True)
class _Merging:
    """The merge of a file into its base, with positions, files and problems of the result."""

    base: RawConfig
    changes: RawConfig
    positions: dict[str, tuple[int, int]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value(self, base: Node, changes: Node, path: str) -> Any:
        """Return the merged value, which is at `path` in the result."""
        if isinstance(base.value, dict) and isinstance(changes.value, dict):
            if not _is_other_kind(base, changes):
                return self._object(base, changes, path)
        elif _merge_by_name(base.value, changes.value):
            return self._list(base, changes, path)
        return self._copy(self.changes, changes.path, changes.value, path)

    def _object(self, base: Node, changes: Node, path: str) -> dict[str, Any]:
        self._place(self.changes, changes.path, path)
        result = {}
        for key, item in base.value.items():
            if key not in changes.value and other_spelling(key) not in changes.value:
                result[key] = self._copy(self.base, child(base.path, key), item, child(path, key))
            elif key in changes.value and not _removes(changes.value[key]):
                change = changes.child(key, changes.value[key])
                result[key] = self.value(base.child(key, item), change, child(path, key))
        for key, item in changes.value.items():
            if _removes(item):
                if key not in base.value and other_spelling(key) not in base.value:
                    self._report_missing(key, base.value, child(changes.path, key))
            elif key not in base.value:
                result[key] = self._copy(
                    self.changes, child(changes.path, key), item, child(path, key)
                )
        return result

    def _list(self, base: Node, changes: Node, path: str) -> list[Any]:
        self._place(self.changes, changes.path, path)
        unchanged = {text(entry, "name"): i for i, entry in reversed(_objects(base.value))}
        names = [name for name in unchanged if name]
        updates: dict[int, Node] = {}
        added: list[Node] = []
        for index, entry in enumerate(changes.value):
            position = unchanged.pop(entry["name"], None)
            node = changes.child(index, entry)
            if position is not None:
                updates[position] = node
            elif REMOVE in entry:
                self._report_missing(entry["name"], names, node.path)
            else:
                added.append(node)
        result: list[Any] = []
        for index, entry in enumerate(base.value):
            place, before = child(path, len(result)), base.child(index, entry)
            if index not in updates:
                result.append(self._copy(self.base, before.path, entry, place))
            elif not self._removes_entry(updates[index]):
                result.append(self.value(before, updates[index], place))
        for node in added:
            place = child(path, len(result))
            result.append(self._copy(self.changes, node.path, node.value, place))
        return result

    def _removes_entry(self, changes: Node) -> bool:
        """Whether a named entry drops that of the base; other keys beside are a problem."""
        if REMOVE not in changes.value:
            return False
        if changes.value[REMOVE] is not True:
            self._report(child(changes.path, REMOVE), "$remove is not true", "write true")
        for key in changes.value.keys() - {REMOVE} - _NAMES:
            message = f"{key!r} means nothing beside $remove, which drops the entry"
            self._report(child(changes.path, key), message, "keep one of the two")
        return True

    def _copy(self, raw: RawConfig, old: str, value: Any, path: str) -> Any:
        """Return a value that only one of the files has; `old` is its path there."""
        self._place(raw, old, path)
        if isinstance(value, dict):
            if REMOVE in value and raw is self.changes:
                message = "the base has no such entry or key to remove"
                self._report(child(old, REMOVE), message, "remove $remove, or the whole entry")
            return {
                key: self._copy(raw, child(old, key), item, child(path, key))
                for key, item in value.items()
                if key != REMOVE
            }
        if isinstance(value, list):
            items = enumerate(value)
            return [self._copy(raw, child(old, i), item, child(path, i)) for i, item in items]
        return value

    def _place(self, raw: RawConfig, old: str, path: str) -> None:
        """Give a value of the result the position and the file that it has in `raw`."""
        if old in raw.positions:
            self.positions[path] = raw.positions[old]
        if old in raw.files:
            self.files[path] = raw.files[old]

    def _report_missing(self, name: str, names: Any, path: str) -> None:
        self._report(path, f"the base has no {name!r} to remove", suggestion(name, names))

    def _report(self, path: str, found: str, remedy: str) -> None:
        """Add a problem at a path of the changes."""
        place = path
        while place not in self.changes.positions and place != "$":
            place = parent(place)
        line, column = self.changes.positions.get(place, (0, 0))
        file = self.changes.files.get(place, "")
        self.problems.append(Problem(path, found, remedy, line, column, file))


def _objects(value: list[Any]) -> list[tuple[int, dict[str, Any]]]:
    return [(index, entry) for index, entry in enumerate(value) if isinstance(entry, dict)]


def _removes(value: Any) -> bool:
    return isinstance(value, dict) and value == {REMOVE: True}


def _merge_by_name(base: Any, changes: Any) -> bool:
    """Whether all entries of a list have names, and some of the list that it changes."""
    if not isinstance(base, list) or not isinstance(changes, list) or not changes:
        return False
    are_named = all(isinstance(entry, dict) and text(entry, "name") for entry in changes)
    return are_named and any(text(entry, "name") for _, entry in _objects(base))


def _is_other_kind(base: Node, changes: Node) -> bool:
    """Whether the changes name another part, or another class of torch, than the base."""
    stems: Mapping[str, str] = {}
    registry = next((KIND_BY_URI[s.base] for s in changes.schemas if s.base in KIND_BY_URI), None)
    if registry is not None:
        key, stems = registry.key, registry.stems
    elif "x-call" in changes.keywords:
        key = "type"
    else:
        return False
    default = base.properties.get(key, {}).get("default")
    before, now = base.value.get(key, default), text(changes.value, key)
    if now is None or not isinstance(before, str):
        return False
    return stems.get(before, before) != stems.get(now, now)


def _with_absolute_paths(node: Node, files: Mapping[str, str]) -> Any:
    """Return a value with absolute paths in place of those from files that start elsewhere.

    Args:
        node: the value.
        files: JSON path -> file of every value from such a file.
    """
    value = node.value
    if isinstance(value, dict):
        return {k: _with_absolute_paths(node.child(k, item), files) for k, item in value.items()}
    if isinstance(value, list):
        return [_with_absolute_paths(node.child(i, item), files) for i, item in enumerate(value)]
    if isinstance(value, str) and node.keywords.get("x-path") and node.path in files:
        return os.path.normpath(Path(files[node.path]).parent.absolute() / value)
    return value
