"""The method file of a reproduction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.config.extends import movable
from dcrf.reproduction.entries import Reproduction
from dcrf.runs.new_method import method_file
from dcrf.schema.package_data import SHIPPED, is_packed
from dcrf.storage.digests import digest

_FOR_PEOPLE = ("$schema", "description", "references")
_DATA = SHIPPED.parent / "datasets"
"""The folder in which shipped methods look for data."""
_DIGITS = 8


def method_content(reproduction: Reproduction, data: Path | None = None) -> dict[str, Any]:
    """Return the content of a method file that is named as the reproduction.

    Args:
        reproduction: with a shipped method.
        data: contains the folders of data sets, such as `mnist`; None for that of the checkout, or
            `datasets` in the current folder if dcrf is installed.

    Raises:
        DataError: no method has the name.
    """
    source = method_file(reproduction.method)
    content = movable(source)
    folder = data or (Path("datasets") if is_packed(source) else _DATA)
    for dataset in content["datasets"]:
        for key in {"root", "path"} & dataset.keys():
            place = Path(dataset[key])
            if place.is_relative_to(_DATA):  # others come with the method
                dataset[key] = str(folder.absolute() / place.relative_to(_DATA))
    return {**content, "name": reproduction.name}


def method_digest(content: Mapping[str, Any], changes: Sequence[str]) -> str:
    """Return a digest of a method with flags or settings that change it.

    It stays the same for other texts in the method, and for keys that dcrf learns.
    """
    kept = {key: value for key, value in content.items() if key not in _FOR_PEOPLE}
    return digest([kept, list(changes)])[:_DIGITS]
