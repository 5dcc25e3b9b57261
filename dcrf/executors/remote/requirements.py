"""Whether another machine can run the jobs of this one."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import dcrf
from dcrf.config.path_checks import is_folder, is_there
from dcrf.errors import CommandLineError, DcrfError
from dcrf.runs.job import Job

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn")
"""Packages that results depend on."""
_NAMED = 3
"""Missing paths that a message names."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a machine needs, so that runs on it do what they would do here.

    version: of dcrf.
    source: digest of its source files, since a checkout may have been edited.
    packages: name -> version.
    folder: the working folder, at which relative paths begin.
    paths: files and folders that must exist.
    written: a file that has just been written to the output folder, if any.
    """

    version: str
    source: str
    packages: Mapping[str, str]
    folder: Path
    paths: tuple[Path, ...]
    written: Path | None = None

    def unmet(self) -> list[str]:
        """Return why this machine cannot run the jobs."""
        reasons = []
        if dcrf.__version__ != self.version:
            reasons.append(f"it has dcrf {dcrf.__version__} instead of {self.version}")
        elif source_digest() != self.source:
            reasons.append(f"its dcrf {self.version} has other source files")
        missing = [path for path in self.paths if not is_there(path)]
        if not is_folder(self.folder):
            missing.insert(0, self.folder)
        if missing:
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            names = ", ".join(map(str, missing[:_NAMED]))
            reasons.append(f"it lacks {names}{more}; all machines must share these files")
        elif self.written is not None and not is_there(self.written):
            folder = self.written.parent
            reasons.append(
                f"it does not see what is written to {folder}; all machines must share it"
            )
        return reasons

    def differences(self) -> list[str]:
        """Return the packages of this machine that have other versions, for a note."""
        here = package_versions()
        return [
            f"{name} {here.get(name, 'is missing')} instead of {wanted}"
            for name, wanted in self.packages.items()
            if here.get(name) != wanted
        ]


def requirements_of(jobs: Sequence[Job], output: Path) -> Requirements:
    """Return what other machines need to run jobs as this machine would.

    Args:
        jobs: whose configurations name files.
        output: the output folder.
    """
    read = {path for job in jobs for path in _paths(job.config.filled)}
    paths = (output.absolute(), *sorted(filter(is_there, read)))
    return Requirements(dcrf.__version__, source_digest(), package_versions(), Path.cwd(), paths)


@contextmanager
def new_file_in(folder: Path) -> Iterator[Path]:
    """Create a file inside the block, which machines with the same file system see.

    The folder is created. It is removed if it was, and an error is raised in the block.

    Raises:
        CommandLineError: the file cannot be created.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix=".shared.", suffix=".tmp") as file:
            yield Path(file.name).absolute()
    except OSError as error:
        raise CommandLineError(f"{folder} cannot be written: {error}") from error
    except DcrfError:
        if is_new:
            folder.rmdir()
        raise


@cache
def source_digest() -> str:
    """Return the digest of the source files of dcrf."""
    digest = hashlib.sha256()
    for file in sorted(_ROOT.rglob("*.py")):
        digest.update(f"{file.relative_to(_ROOT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def package_versions() -> dict[str, str]:
    """Return name -> version of the installed ones of `_PACKAGES`, without the kind of build."""
    versions = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name).partition("+")[0]
    return versions


def _paths(value: Any) -> Iterator[Path]:
    """Yield the absolute paths in a configuration, in which all paths are absolute."""
    if isinstance(value, str):
        if value.startswith("/"):
            yield Path(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _paths(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item)
