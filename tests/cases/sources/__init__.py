"""The smallest data set of every source: `<stem>.json`, and `<stem>.py` if it reads files."""

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dcrf.config import load_checked
from dcrf.config.method_config import DatasetConfig
from dcrf.schema.registry import SOURCES
from tests.unit.config.methods import dec, write


def smallest_entry(stem: str, folder: Path) -> dict[str, Any]:
    """Return the entry of a source's case, without the keys that every data set has.

    `write(folder)` of the case's module writes the files that the entry names.
    """
    name = f"{__name__}.{stem}"
    if find_spec(name):
        import_module(name).write(folder)
    return json.loads((Path(__file__).parent / f"{stem}.json").read_text())


def checked(entry: dict[str, Any], folder: Path) -> DatasetConfig:
    """Return a data set of a method file in a folder, with all defaults."""
    method = dec()
    shared = {k: v for k, v in method["datasets"][0].items() if k in SOURCES.shared_keys}
    method["datasets"] = [shared | entry]
    return load_checked(write(folder, method)).datasets[0]
