"""Files that a method saves, which must be writable before anything trains."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dcrf.config.file_names import saved_file
from dcrf.config.json_paths import child
from dcrf.config.path_checks import is_folder
from dcrf.config.safe_lookup import Entry, enabled, objects, subobject, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem
from dcrf.safety.limits import OUTPUT_FILE_NAME_BYTES, OUTPUT_FOLDER_NAME_BYTES, OUTPUT_PATH_BYTES

Data = Mapping[str, Any]

_TARGET = "path_to_file_or_dir"
_WITHOUT_FILES = ("/proc", "/sys")  # nobody may make any there, whatever the permissions say
_SEES_FOLDERS = "a path whose last part has a dot is a file, any other is a folder to save in"


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every file of parameters that could not be written, in filled data."""
    saved = list(_saved(nodes["$"].value))
    files = {file for _, _, file in saved}
    found: dict[str, Problem] = {}  # a phase may run on several data sets
    for path, save, file in saved:
        for cause, remedy in (*_unfit(file, save), *_beneath_another(file, files)):
            place = child(path, _TARGET)
            found.setdefault(place, Problem(place, f"it cannot be saved: {cause}", remedy))
    return list(found.values())


def _saved(data: Data) -> Iterator[tuple[str, Data, Path]]:
    """Yield JSON path, entry and file of all that is saved; names that are missing are empty."""
    for path, phase in enabled(data, "phases"):
        for _, dataset in enabled(data, "datasets"):
            if text(phase, "name") in texts(dataset, "phases"):
                for place, save in _saves(path, phase):
                    method, its, part = (text(e, "name") or "" for e in (data, dataset, save))
                    if target := text(save, _TARGET):
                        yield place, save, saved_file(Path(target), method, its, part, None)


def _saves(path: str, phase: Data) -> Iterator[Entry]:
    """Yield what a phase saves, by the key `name`."""
    for place, save in objects(phase, "save_mapping_parameters", path):
        yield place, save | {"name": save.get("mapping_name")}
    if centroids := subobject(phase, "save_centroids"):
        yield child(path, "save_centroids"), centroids | {"name": "centroids"}


def _unfit(file: Path, save: Data) -> Iterator[tuple[str, str]]:
    """Yield why a file cannot be written, and what would be right."""
    try:
        parts, length = [len(os.fsencode(part)) for part in file.parts], len(os.fsencode(file))
    except ValueError:
        yield "its name cannot be written as bytes", "take other characters"
        return
    if parts[-1] > OUTPUT_FILE_NAME_BYTES:
        found = f"its name has {parts[-1]} bytes"
        yield found, f"at most {OUTPUT_FILE_NAME_BYTES}, since a seed or a number may be added"
    elif max(parts) > OUTPUT_FOLDER_NAME_BYTES or length > OUTPUT_PATH_BYTES:
        remedy = f"at most {OUTPUT_PATH_BYTES} bytes, "
        remedy += f"and {OUTPUT_FOLDER_NAME_BYTES} in the name of a folder"
        yield "its path is too long", remedy
    elif is_folder(file) and save.get("keep_old_files") is not True:
        yield f"{str(file)!r} is a folder", _SEES_FOLDERS
    else:
        yield from _unfit_folder(file.parent)


def _unfit_folder(folder: Path) -> Iterator[tuple[str, str]]:
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    resolved = Path(os.path.realpath(there))
    if not is_folder(there):
        yield f"{str(there)!r} is a file, no folder", _SEES_FOLDERS
    elif any(resolved.is_relative_to(place) for place in _WITHOUT_FILES):
        yield f"the system allows no files of others in {str(there)!r}", "name another folder"
    elif not os.access(there, os.W_OK | os.X_OK):
        yield f"{str(there)!r} allows no writing", "name another folder, or change its permissions"


def _beneath_another(file: Path, files: set[Path]) -> Iterator[tuple[str, str]]:
    for folder in file.parents:
        if folder in files:
            yield f"{str(folder)!r} is saved as a file", _SEES_FOLDERS
