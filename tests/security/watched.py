"""Try every hostile name in every place where a name may stand, while Python watches.

A program of its own, because an audit hook cannot be taken away. It prints as JSON how many names
it tried in how many places, which of them were not refused where they stand, and everything that
happened and should not have.

    python -m tests.security.watched FOLDER STEP

STEP 2 takes every second name.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dcrf.builder.optimizers import build_optimizer, build_scheduler
from dcrf.cli.main import main
from dcrf.config import load_checked
from dcrf.config.method_config import OptimizerConfig, SchedulerConfig
from dcrf.data.sources.load import open_data
from dcrf.data.transforms.build import build_transforms
from dcrf.errors import ConfigError, DcrfError
from dcrf.mappings.build_layers import bind_function, build_layer, initialize
from dcrf.schema.allowed_names import TABLES
from dcrf.schema.registry import KINDS, SOURCES
from tests.cases.sources import entry_of, smallest_entry
from tests.security import methods
from tests.security.methods import Steps
from tests.security.names import HOSTILE, table
from tests.unit.config.methods import write

ROOT = Path(__file__).parents[2]
WATCHED = (
    *("exec", "compile", "import", "open", "os.", "subprocess.", "socket.", "shutil.", "ctypes."),
    *("pickle.", "marshal.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "code."),
    *("tempfile.", "pty.", "mmap.", "sqlite3.", "cpython.run_", "builtins.input"),
)
HARMLESS = {"os.listdir", "os.scandir"}  # `Path.glob` asks the folder of the file


class Watch:
    """Records audit events while it is on."""

    def __init__(self, allowed: tuple[Path, ...]) -> None:
        self.allowed, self.is_on, self.seen = allowed, False, []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or not event.startswith(WATCHED) or event in HARMLESS:
            return
        if event == "open" and self._is_ours(arguments):
            return
        self.seen.append(f"{event} {arguments[:1]!r:.200}")

    def _is_ours(self, arguments: tuple[Any, ...]) -> bool:
        """Whether a file is opened for reading, or lies in the test's folder."""
        path, mode = Path(str(arguments[0])), str(arguments[1])
        reads = not set(mode) & set("wax+")
        return path.is_relative_to(self.allowed[0]) or (reads and path.is_relative_to(ROOT))


def kinds(method: dict[str, Any], known: set[str]) -> dict[Steps, set[str]]:
    """Return the places of a method that are of a kind which is not known yet."""
    places = methods.places(method)
    found = {steps: right for steps, right in places.items() if kind(steps) not in known}
    known |= {kind(steps) for steps in found}
    return found


def kind(steps: Steps) -> str:
    """Return a place without the numbers of its items."""
    return ".".join(str(step) for step in steps if isinstance(step, str))


def cases() -> Iterator[tuple[dict[str, Any], list[Steps], dict[Steps, set[str]]]]:
    """Yield a method, places in it that can be tried together, and the names right there."""
    known: set[str] = set()
    for number, method in enumerate(methods.methods()):
        places = methods.places(method) if number == 0 else kinds(method, known)
        known |= {kind(steps) for steps in places}
        for group in methods.groups(places):
            if group:
                yield method, group, places


def try_validation(folder: Path, watch: Watch, names: Sequence[str]) -> tuple[int, list[str]]:
    """Return how many places there were, and what was not refused where it stands."""
    number, missed = 0, []
    for method, group, places in cases():
        number += len(group)
        for name in names:
            wrong = [steps for steps in group if name not in places[steps]]
            file = write(folder, methods.replaced(method, wrong, name))
            watch.is_on = True
            found = problem_paths(file)
            watch.is_on = False
            absent = {methods.path_of(steps) for steps in wrong} - found
            missed += [f"{name!r:.60} at {path}" for path in absent]
    return number, missed


def problem_paths(file: Path) -> set[str]:
    try:
        load_checked(file)
    except ConfigError as error:
        return {problem.path for problem in error.problems}
    return set()


def try_building(watch: Watch) -> list[str]:
    """Return the names that what builds from an unchecked entry did not refuse."""
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    builders: dict[str, Callable[[str], object]] = {
        "layers": lambda name: build_layer({"type": name}),
        "functions": lambda name: bind_function({"function_name": name}),
        "initializers": lambda name: initialize(nn.Linear(1, 1), "weight", name, {}),
        "optimizers": lambda name: build_optimizer(
            OptimizerConfig("$", name, None, "default", (), {}), [parameter]
        ),
        "schedulers": lambda name: build_scheduler(
            SchedulerConfig("$", name, "", "epoch", {}), optimizer
        ),
        "transforms": lambda name: build_transforms([{"type": name}]),
        "datasets": lambda name: open_data("torchvision", name, {}),
        "sources": lambda name: open_data(name, "MNIST", {}),
        "sklearn": lambda name: open_data("sklearn", name, {}),
        **{kind: registry.resolve for kind, registry in KINDS.items()},
    }
    return [
        f"{name!r:.60} in {place}"
        for place, build in builders.items()
        for name in built(place, build, watch)
    ]


def built(place: str, build: Callable[[str], object], watch: Watch) -> Iterator[str]:
    right = table(place) if place in TABLES else {*SOURCES.stems}
    right |= {*KINDS[place].stems} if place in KINDS else set()
    right |= {"normal__"} if place == "initializers" else set()  # means normal_, if nobody checked
    for name in HOSTILE:
        watch.is_on = name not in right
        try:
            if watch.is_on:
                build(name)
                yield name
        except (LookupError, ValueError, DcrfError):
            pass
        finally:
            watch.is_on = False


def try_command_line(folder: Path, watch: Watch) -> list[str]:
    """Return what the command line ran of files with hostile names, and what it says wrongly."""
    method, group, places = next(iter(cases()))
    wrong = []
    for name in HOSTILE[:: len(HOSTILE) // 20]:
        steps = [steps for steps in group if name not in places[steps]]
        file = write(folder, methods.replaced(method, steps, name))
        watch.is_on = True
        if main([str(file), "--output_dir", str(folder / "runs")]) != 2:
            wrong.append(f"{name!r:.60} was run")
        watch.is_on = False
    return [*wrong, *(["something was written"] if (folder / "runs").exists() else [])]


def prepare(folder: Path) -> None:
    """Make what the methods read, and let everything be imported and read that ever is."""
    (folder / "datasets").mkdir()
    for stem in SOURCES.schemas:
        try:
            smallest_entry(stem, folder)
        except pytest.skip.Exception:  # its optional package is missing
            path = folder / entry_of(stem)["path"]
            path.write_bytes(b"") if path.suffix else path.mkdir()
    torch.save({}, folder / "a.pth")
    for method in methods.methods():
        file = write(folder, method)
        load_checked(file)  # they are right as they are
        broken = methods.replaced(method, [("phases",), ("mappings", 0, "type")], "")
        main([str(write(folder, broken)), "--validate"])
    for registry in KINDS.values():
        for name in registry.stems:
            registry.resolve(name)


def report(folder: Path, step: int) -> dict[str, Any]:
    """Try everything; return what is to be printed."""
    names = HOSTILE[::step]
    prepare(folder)
    watch = Watch((folder,))
    places, missed = try_validation(folder, watch, names)
    missed += try_building(watch) + try_command_line(folder, watch)
    return {"names": len(names), "places": places, "missed": missed, "seen": watch.seen}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(report(Path(sys.argv[1]), int(sys.argv[2]))))
