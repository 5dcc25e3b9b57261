"""From a method file to its configuration, or to all of its problems at once."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from dcrf.config import (
    aliases,
    calls,
    checks,
    classifiers,
    defaults,
    files,
    loader,
    naming,
    references,
    routes,
    timeline,
    validator,
)
from dcrf.config.aliases import Renamed
from dcrf.config.assemble import method_config
from dcrf.config.model import MethodConfig
from dcrf.config.places import Places, located, moved
from dcrf.config.schemas import nodes_of
from dcrf.config.settings import apply, cap_iterations
from dcrf.errors import ConfigError, Problem

_CHECKS = (references, naming, checks, classifiers, timeline, routes, files, calls)


def load_method(
    path: Path, settings: Sequence[str] = (), max_iterations: int | None = None
) -> MethodConfig:
    """Read, check and fill a method file.

    Args:
        path: the file; relative paths in it start at its folder.
        settings: changes of the form `JSON.PATH=VALUE`, as given by `--set`.
        max_iterations: no phase lasts longer than this.

    Raises:
        ConfigError: names every problem of the file.
    """
    raw = loader.read(path)
    data = deepcopy(raw.data)
    set_paths, found = apply(data, settings)
    renamed, twice = aliases.rename(data)
    if max_iterations is not None:
        cap_iterations(data, max_iterations)
    problems = [*raw.problems, *found, *twice, *validator.problems(data)]
    filled = defaults.filled(data, path.parent)
    nodes = nodes_of(filled)
    for check in _CHECKS:
        problems += check.problems(nodes)
    if problems:
        raise ConfigError(
            path, located(_as_written(problems, renamed), _unset(raw.places, set_paths))
        )
    calls.make_integers(nodes)
    return method_config(path, nodes, tuple(change.note for change in renamed))


def with_places(
    source: Path | str, problems: Sequence[Problem], settings: Sequence[str] = ()
) -> list[Problem]:
    """Return problems with the line and column that their JSON paths have in a file.

    They are sorted by these. A problem keeps its own, and gets none where the command line
    replaced the value, or where the file cannot be read any more.

    Args:
        source: the method file.
        problems: what was found after loading it, as by building it.
        settings: as given to `load_method`.
    """
    try:
        raw = loader.read(Path(source))
    except ConfigError:
        return list(problems)
    data = deepcopy(raw.data)
    set_paths, _ = apply(data, settings)
    renamed, _ = aliases.rename(data)
    return located(_as_written(problems, renamed), _unset(raw.places, set_paths))


def _as_written(problems: Sequence[Problem], renamed: Sequence[Renamed]) -> list[Problem]:
    """Return the problems with the keys that the file has."""
    written = list(problems)
    for change in renamed:
        written = [replace(p, path=moved(p.path, change.new, change.old)) for p in written]
    return written


def _unset(places: Places, set_paths: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Return the places without those of values that the command line replaced."""
    kept = dict(places)
    for path in set_paths:
        kept = {place: at for place, at in kept.items() if moved(place, path, "") == place}
        kept[path] = (0, 0)
    return kept
