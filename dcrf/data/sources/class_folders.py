"""List the files of one kind in a folder: a sub-folder for each class, or no classes."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dcrf.errors import OptionError, counted
from dcrf.safety.limits import FOLDER_ENTRIES
from dcrf.safety.terminal_text import escaped

Parts = tuple[str, ...]

_HIDDEN = "."  # begins names such as .ipynb_checkpoints and ._picture.png
_LISTED = 5  # names in a note


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """Files below a folder, sorted by class and path.

    root: the folder.
    names: paths of the files below the folder, with slashes; empty only if the listing ended early.
    labels: (N,) int64, the index of each file's class; None without classes.
    notes: sentences for the user about classes and skipped files.
    is_complete: whether all entries of the folder were listed.
    """

    root: Path
    names: Sequence[str]
    labels: np.ndarray | None
    notes: tuple[str, ...]
    is_complete: bool

    @property
    def paths(self) -> list[str]:
        """The paths of the files."""
        return [str(self.root / name) for name in self.names]

    @property
    def ids(self) -> list[str]:
        """The names, with escaped bytes in place of those that are not UTF-8."""
        return [name.encode(errors="backslashreplace").decode() for name in self.names]


def list_class_folders(
    path: str, noun: str, suffixes: Sequence[str], classes: bool | None, limit: int | None = None
) -> ClassFolders:
    """List the files whose names end with one of `suffixes`, at any depth.

    Hidden entries, other files, and links to a folder above are skipped. Links to other folders
    are followed.

    Args:
        path: the folder.
        noun: of a file, for messages, such as `image`.
        suffixes: in lower case, with their dots.
        classes: True reads each sub-folder as a class and skips files beside them. False reads
            all files without classes. None finds out: several sub-folders with files are classes,
            unless files lie beside them.
        limit: the number of files and folders to list, at which the listing ends. None lists all.

    Raises:
        OptionError: the folder is missing, holds no such file, holds files both in sub-folders and
            beside them, and `classes` is None, or holds more than `FOLDER_ENTRIES` entries.
    """
    root = Path(path)
    if not root.is_dir():
        fault = "is not a folder" if root.exists() else "does not exist"
        raise OptionError("path", f"{root} {fault}")
    walk = _Walk(root, tuple(suffixes), limit or FOLDER_ENTRIES)
    files = sorted(walk)
    if limit is None and not walk.is_complete:
        raise OptionError("path", f"{root} holds more than {FOLDER_ENTRIES} files and folders")
    beside = [parts for parts in files if len(parts) == 1]
    folders = sorted({parts[0] for parts in files if len(parts) > 1})
    if classes is None:
        if beside and folders and walk.is_complete:
            raise OptionError(
                "path",
                f"{root} holds {counted(len(beside), noun)} beside "
                f"{counted(len(folders), 'folder')} with "
                f'{noun}s; "classes": true reads the folders as classes and skips the {noun}s '
                f'beside them, and "classes": false reads all {noun}s without classes',
            )
        classes = len(folders) > 1
    is_empty = not files or (classes and not folders)
    if is_empty and walk.is_complete:
        place = "sub-folders with " if files else ""
        raise OptionError("path", f"{root} holds no {place}{noun}s ({', '.join(suffixes)})")
    notes = walk.notes()
    if not classes:
        names = ["/".join(parts) for parts in files]
        return ClassFolders(root, names, None, notes, walk.is_complete)
    if beside:
        notes = (
            f"skipped in {root}: {counted(len(beside), noun)} beside the class folders",
            *notes,
        )
    in_folders = [parts for parts in files if len(parts) > 1]
    numbers = {name: number for number, name in enumerate(folders)}
    return ClassFolders(
        root,
        ["/".join(parts) for parts in in_folders],
        np.array([numbers[parts[0]] for parts in in_folders], np.int64),
        (f"{len(folders)} sub-folders of {root} are classes: {_listed(folders)}", *notes),
        walk.is_complete,
    )


@dataclass(slots=True)
class _Walk:
    """Walks a folder, yields the path of each wanted file in parts, and counts the others."""

    root: Path
    suffixes: tuple[str, ...]
    limit: int
    is_complete: bool = True
    skipped: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Parts]:
        waiting: list[tuple[Parts, frozenset]] = [((), frozenset({_identity(self.root)}))]
        left = self.limit
        while waiting:
            parts, above = waiting.pop()
            for entry in self._entries(parts):
                left -= 1
                if left < 0:
                    self.is_complete = False
                    return
                inner = (*parts, entry.name)
                if entry.name.startswith(_HIDDEN):
                    self.skipped["hidden"] += 1
                elif _is_folder(entry):
                    identity = _identity(entry.path)
                    if identity in above:
                        self.skipped["links to a folder above"] += 1
                    else:
                        waiting.append((inner, above | {identity}))
                elif not entry.name.lower().endswith(self.suffixes):
                    self.others[Path(entry.name).suffix.lower() or "no ending"] += 1
                elif not _is_regular(entry):
                    self.skipped["not regular files"] += 1
                else:
                    yield inner

    def notes(self) -> tuple[str, ...]:
        """Return a note that counts the skipped entries; none if the walk is incomplete."""
        counts = [f"{count} {kind}" for kind, count in sorted(self.skipped.items())]
        if n_others := self.others.total():
            endings = [ending for ending, _ in self.others.most_common()]
            counts.append(f"{n_others} with other endings ({_listed(endings)})")
        if not counts or not self.is_complete:
            return ()
        return (f"skipped files and folders in {self.root}: {', '.join(counts)}",)

    def _entries(self, parts: Parts) -> Iterator[os.DirEntry]:
        try:
            entries = os.scandir(self.root.joinpath(*parts))
        except OSError:
            self.skipped["unreadable"] += 1
            return
        with entries:
            yield from entries


def _identity(path: str | Path) -> tuple[int, int]:
    """Return numbers that all paths of a folder share."""
    status = Path(path).stat()
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _is_regular(entry: os.DirEntry) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(map(escaped, names[:_LISTED])) + more
