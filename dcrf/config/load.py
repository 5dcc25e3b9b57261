"""From a method file to its configuration, or to all of its problems at once."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from dcrf.config import defaults, deprecated_keys, parse_json, rules
from dcrf.config.assemble import method_config
from dcrf.config.deprecated_keys import Renamed
from dcrf.config.json_paths import Places, moved, with_line_numbers
from dcrf.config.method_config import MethodConfig
from dcrf.config.overrides import apply, cap_iterations
from dcrf.config.rules import schema_errors
from dcrf.config.rules.torch_calls import make_integers
from dcrf.config.schema_lookup import nodes_of
from dcrf.errors import ConfigError, Problem


def load_checked(
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
    raw = parse_json.read(path)
    data = deepcopy(raw.data)
    set_paths, found = apply(data, settings)
    renamed, twice = deprecated_keys.rename(data)
    if max_iterations is not None:
        cap_iterations(data, max_iterations)
    problems = [*raw.problems, *found, *twice, *schema_errors.problems(data)]
    filled = defaults.filled(data, path.parent)
    nodes = nodes_of(filled)
    problems += rules.problems(nodes)
    if problems:
        raise ConfigError(path, _placed(_as_written(problems, renamed), raw.places, set_paths))
    make_integers(nodes)
    return method_config(path, nodes, tuple(change.note for change in renamed))


def with_places(
    source: Path | str, problems: Sequence[Problem], settings: Sequence[str] = ()
) -> list[Problem]:
    """Return problems with the line and column that their JSON paths have in a file.

    They are sorted by these. A problem keeps its own; where the command line replaced the value
    it says so instead, and where the file cannot be read any more it gets none.

    Args:
        source: the method file.
        problems: what was found after loading it, as by building it.
        settings: as given to `load_checked`.
    """
    try:
        raw = parse_json.read(Path(source))
    except ConfigError:
        return list(problems)
    data = deepcopy(raw.data)
    set_paths, _ = apply(data, settings)
    renamed, _ = deprecated_keys.rename(data)
    return _placed(_as_written(problems, renamed), raw.places, set_paths)


def _as_written(problems: Sequence[Problem], renamed: Sequence[Renamed]) -> list[Problem]:
    """Return the problems with the keys that the file has."""
    written = list(problems)
    for change in renamed:
        written = [replace(p, path=moved(p.path, change.new, change.old)) for p in written]
    return written


def _placed(problems: Sequence[Problem], places: Places, set_paths: Sequence[str]) -> list[Problem]:
    located = with_line_numbers(problems, _unset(places, set_paths))
    return [_with_origin(problem, set_paths) for problem in located]


def _with_origin(problem: Problem, set_paths: Sequence[str]) -> Problem:
    """Return a problem that says where its value comes from, if that is not the file."""
    is_set = any(moved(problem.path, path, "") != problem.path for path in set_paths)
    return replace(problem, found=f"{problem.found} (given by --set)") if is_set else problem


def _unset(places: Places, set_paths: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Return the places without those of values that the command line replaced."""
    kept = dict(places)
    for path in set_paths:
        kept = {place: at for place, at in kept.items() if moved(place, path, "") == place}
        kept[path] = (0, 0)
    return kept
