"""Check that every file that a method saves is writable."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dcrf.config.file_names import saved_file
from dcrf.config.json_paths import child
from dcrf.config.parts import saved_parts, suffix_of
from dcrf.config.path_checks import is_folder
from dcrf.config.safe_lookup import enabled, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem
from dcrf.safety.limits import OUTPUT_FILE_NAME_BYTES, OUTPUT_FOLDER_NAME_BYTES, OUTPUT_PATH_BYTES

Data = Mapping[str, Any]

_TARGET = "path_to_file_or_dir"
_SYSTEM_FOLDERS = ("/proc", "/sys")  # permissions look writable to root, and creation fails
_FILE_OR_FOLDER = "a path whose last part has a dot is a file, any other is a folder to save in"


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every file of parameters that is not writable."""
    saved = list(_saved(nodes["$"].value))
    files = {file for _, _, file in saved}
    unwritable: dict[str, Problem] = {}  # by path: a phase may run on several data sets
    for path, save, file in saved:
        for cause, remedy in (*_unfit(file, save), *_beneath_another(file, files)):
            place = child(path, _TARGET)
            unwritable.setdefault(place, Problem(place, f"it cannot be saved: {cause}", remedy))
    return list(unwritable.values())


def _saved(data: Data) -> Iterator[tuple[str, Data, Path]]:
    """Yield JSON path, entry and file of every save; missing names count as empty."""
    for path, phase in enabled(data, "phases"):
        for _, dataset in enabled(data, "datasets"):
            if text(phase, "name") in texts(dataset, "phases"):
                for place, part, save in saved_parts((path, phase)):
                    if target := text(save, _TARGET):
                        method, data_set = (text(entry, "name") or "" for entry in (data, dataset))
                        names = (method, data_set, part)
                        file = saved_file(Path(target), *names, None, suffix_of(save))
                        yield place, save, file


def _unfit(file: Path, save: Data) -> Iterator[tuple[str, str]]:
    """Yield reason and remedy if a file is not writable."""
    try:
        parts, length = [len(os.fsencode(part)) for part in file.parts], len(os.fsencode(file))
    except ValueError:
        yield "its name has characters that file names cannot have", "use other characters"
        return
    if parts[-1] > OUTPUT_FILE_NAME_BYTES:
        remedy = f"at most {OUTPUT_FILE_NAME_BYTES}, since a seed or a number may be added"
        yield f"its name has {parts[-1]} bytes", remedy
    elif max(parts) > OUTPUT_FOLDER_NAME_BYTES or length > OUTPUT_PATH_BYTES:
        remedy = f"at most {OUTPUT_PATH_BYTES} bytes, "
        remedy += f"and {OUTPUT_FOLDER_NAME_BYTES} in the name of a folder"
        yield "its path is too long", remedy
    elif is_folder(file) and save.get("keep_old_files") is not True:
        yield f"{str(file)!r} is a folder", _FILE_OR_FOLDER
    else:
        yield from _unfit_folder(file.parent)


def _unfit_folder(folder: Path) -> Iterator[tuple[str, str]]:
    existing = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    resolved = Path(os.path.realpath(existing))
    if not is_folder(existing):
        yield f"{str(existing)!r} is a file, not a folder", _FILE_OR_FOLDER
    elif any(resolved.is_relative_to(place) for place in _SYSTEM_FOLDERS):
        yield f"{str(existing)!r} is reserved for the operating system", "name another folder"
    elif not os.access(existing, os.W_OK | os.X_OK):
        remedy = "name another folder, or change its permissions"
        yield f"{str(existing)!r} is not writable", remedy


def _beneath_another(file: Path, files: set[Path]) -> Iterator[tuple[str, str]]:
    for folder in file.parents:
        if folder in files:
            yield f"{str(folder)!r} is saved as a file", _FILE_OR_FOLDER
