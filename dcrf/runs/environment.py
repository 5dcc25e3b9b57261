"""Versions, machine and commit of a run, so that others can reproduce it."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from dcrf.storage.atomic_files import read_json

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "jsonschema")


def environment(device: str) -> dict[str, Any]:
    """Return versions, machine, threads and commit as plain values.

    Args:
        device: a torch device name.
    """
    return {
        "dcrf": _release(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": platform.platform(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device,
        "commit": _commit(),
    }


def processor() -> str:
    """Return the name of the processor, and its bf16 instructions."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":")[1].strip() for line in info.splitlines() if "model name" in line]
    extras = [extra for extra in ("avx512_bf16", "amx_bf16") if extra in info]
    return " ".join([*(names[:1] or [platform.machine()]), *(f"({e})" for e in extras)])


def other_version(file: Path) -> str | None:
    """Return the version of dcrf that wrote an environment in words; None if it is this one.

    Args:
        file: of the environment, which may be missing or damaged.
    """
    try:
        saved = read_json(file)
    except (OSError, ValueError):
        return None
    if not isinstance(saved, dict):
        return None
    release, commit = saved.get("dcrf"), saved.get("commit")
    if (release, commit) == (_release(), _commit()):
        return None
    return f"dcrf {release or 'not installed'}, commit {commit or 'unknown'}"


def _release() -> str | None:
    """Return the version of dcrf; None for a checkout that is not installed, which has a commit."""
    try:
        return version("dcrf")
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit of this checkout; None outside of one, also in that of another project."""
    root = Path(__file__).parents[2]
    command = ["git", "-C", str(root), "rev-parse", "--show-toplevel", "HEAD"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    top, commit = result.stdout.splitlines()
    return commit if Path(top) == root.resolve() else None
