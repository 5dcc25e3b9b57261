"""The method files to measure, and what identifies their results."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.config import load_checked
from dcrf.config.defaults import filled
from dcrf.config.extends import is_abstract
from dcrf.config.method_config import MethodConfig
from dcrf.dry_run.shapes import sample_shapes

ROOT = Path(__file__).parents[2]
CONFIGURATIONS = ROOT / "configurations"

_NOT_THE_METHOD = ("$schema", "description", "references", "device")
"""Keys for people, and the device, which a measurement names beside its machine."""


@dataclass(frozen=True, slots=True)
class MethodFile:
    """A method file with its checked configuration."""

    path: Path
    config: MethodConfig

    @property
    def stem(self) -> str:
        """The name of the file, which names its results."""
        return self.path.stem


def method_files(paths: Iterable[Path], only: Iterable[str] = ()) -> list[MethodFile]:
    """Load the method files that paths name, sorted by folder and name.

    Their data need not be there, unless a size is `"auto"`: pages list all methods on every
    machine.

    Args:
        paths: files, or folders that are searched to any depth, without abstract files.
        only: names of files without `.json`; none for all.

    Raises:
        ConfigError: a file is invalid.
        OSError: a file cannot be read.
        ValueError: a name of `only` is no file, or two files have one name.
    """
    files = [file for path in paths for file in _methods_of(path)]
    by_stem = {file.stem: file for file in files}
    if same := sorted({str(file) for file in files if by_stem[file.stem] != file}):
        raise ValueError(f"another file has the name of {', '.join(same)}; rename it")
    chosen = list(only) or list(by_stem)
    if unknown := sorted(set(chosen) - by_stem.keys()):
        raise ValueError(f"no file is called {', '.join(unknown)}; known: {', '.join(by_stem)}")
    return [_loaded(by_stem[stem]) for stem in dict.fromkeys(chosen)]


def _loaded(file: Path) -> MethodFile:
    return MethodFile(file, load_checked(file, check_inputs=False, shapes_of=sample_shapes))


def identity(config: MethodConfig) -> dict[str, Any]:
    """Return what defines a method: its filled configuration, with paths from the checkout."""
    return _plain(config.filled)


def refilled(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return an earlier `identity` with the defaults of keys that dcrf has learned since."""
    return _plain(filled(dict(configuration), ROOT))


def _methods_of(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path.absolute()]
    return [file for file in sorted(path.absolute().rglob("*.json")) if not is_abstract(file)]


def _plain(configuration: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in configuration.items() if key not in _NOT_THE_METHOD}
    return json.loads(json.dumps(_from_checkout(kept)))


def _from_checkout(value: Any) -> Any:
    """Return a value whose absolute paths below the checkout are relative to it."""
    if isinstance(value, Mapping):
        return {key: _from_checkout(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_from_checkout(item) for item in value]
    if isinstance(value, str) and value.startswith(f"{ROOT}{os.sep}"):
        return value.removeprefix(f"{ROOT}{os.sep}")
    return value
