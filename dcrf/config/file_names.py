"""Names of the files that a method saves and loads."""

import re
from pathlib import Path


def clean_name(name: str) -> str:
    """Return a name for use in file names: letters, digits, `.`, `_` and `-` only."""
    cleaned = re.sub(r"[^\w.-]", "", name.replace(" ", "_"))
    return cleaned if cleaned.strip(".") else "_"


def saved_file(
    target: Path, method: str, dataset: str, part: str, seed: int | None, suffix: str = ".pth"
) -> Path:
    """Return the file in which a part of a method is saved.

    Args:
        target: a file if its last part has a dot, else a folder.
        method: the name of the method.
        dataset: the name of the data set.
        part: the name of the part.
        seed: of the run if the method runs with several seeds, else None.
        suffix: of the file in a folder.
    """
    if "." not in target.name:
        target = target / ("_".join(map(clean_name, (method, dataset, part))) + suffix)
    return target if seed is None else with_seed(target, seed)


def names_to_load(file: Path, seed: int | None) -> tuple[Path, ...]:
    """Return the files to look for if a method file names this one, in order of preference."""
    return (file,) if seed is None else (with_seed(file, seed), file)


def with_seed(file: Path, seed: int) -> Path:
    """Return the name of a file for one seed, if several seeds would write it."""
    return file.with_name(f"{file.stem}_seed{seed}{file.suffix}")
