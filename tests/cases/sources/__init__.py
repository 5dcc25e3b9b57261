"""The smallest data set of every source: `<stem>.json`, and `<stem>.py` if that is not all.

`<stem>.py` has a function `write(folder)` for the files that the entry names, or the arrays `DATA`
that are handed over in Python.
"""

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from dcrf.config import load_checked
from dcrf.config.method_config import DatasetConfig
from dcrf.data.python_arrays import raw_arrays
from dcrf.data.sources.raw_data import Arrays
from dcrf.schema.registry import SOURCES
from tests.cases.set_methods import set_method
from tests.unit.config.methods import dec, write


def smallest_entry(stem: str, folder: Path) -> dict[str, Any]:
    """Return the entry of a source's case, without the keys that every data set has."""
    write_files = getattr(_module(stem), "write", None)
    if write_files:
        write_files(folder)
    return entry_of(stem)


def entry_of(stem: str) -> dict[str, Any]:
    """Return the entry of a source's case without writing the files that it names."""
    return json.loads((Path(__file__).parent / f"{stem}.json").read_text())


def handed_over(stem: str) -> Arrays:
    """Return the arrays of a source's case."""
    return raw_arrays(getattr(_module(stem), "DATA", {}))


def _module(stem: str) -> ModuleType | None:
    name = f"{__name__}.{stem}"
    return import_module(name) if find_spec(name) else None


def checked(entry: dict[str, Any], folder: Path) -> DatasetConfig:
    """Return a data set of a method file in a folder, with all defaults."""
    stem = SOURCES.stems[entry["source"]] if "source" in entry else None
    has_problems = stem is not None and SOURCES.schemas[stem].get("x-batch") == "problems"
    method = set_method() if has_problems else dec()
    shared = {k: v for k, v in method["datasets"][0].items() if k in SOURCES.shared_keys}
    method["datasets"] = [shared | entry]
    return load_checked(write(folder, method)).datasets[0]
