"""Load a method: from a file or dict to a checked configuration, or to all of its problems."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dcrf.config import (
    defaults,
    deprecated_keys,
    extends,
    mirrors,
    overrides,
    parse_json,
    rules,
    write_blocks,
)
from dcrf.config.assemble import method_config
from dcrf.config.deprecated_keys import Renamed
from dcrf.config.json_paths import Positions, locate, moved
from dcrf.config.method_config import MethodConfig
from dcrf.config.parse_json import RawConfig
from dcrf.config.rules import schema_errors, suspicious_settings
from dcrf.config.rules.torch_calls import make_integers
from dcrf.config.schema_lookup import nodes_of
from dcrf.errors import ConfigError, Problem


def load_checked(
    source: Path | Mapping[str, Any],
    settings: Sequence[str] = (),
    max_iterations: int | None = None,
    device: str | None = None,
    check_inputs: bool = True,
) -> MethodConfig:
    """Parse a method, apply overrides and defaults, and check it by the schema and all rules.

    Args:
        source: a method file, or its content as a dict. Relative paths start at the folder of
            the file that has them; those of a dict start at the current directory.
        settings: overrides of the form `JSON.PATH=VALUE`, as passed to `--set`.
        max_iterations: ends every phase after this many iterations at the latest.
        device: replaces the method's `device`.
        check_inputs: whether the files and folders that it reads must exist.

    Raises:
        ConfigError: lists every problem. Problems of a dict have no line numbers.
    """
    raw = _raw(source)
    data = raw.data
    if data.get(extends.ABSTRACT) is True:
        raise ConfigError(raw.source, locate([extends.ABSTRACT_PROBLEM], raw.positions))
    origins, override_problems = overrides.apply(data, settings, device)
    renamed, spelled_twice = deprecated_keys.rename(data)
    if max_iterations is not None:
        overrides.cap_iterations(data, max_iterations)
    problems = [*raw.problems, *override_problems, *spelled_twice, *schema_errors.problems(data)]
    filled = defaults.filled(data, raw.source.parent)
    block_problems, blocks = write_blocks.write_out(filled)
    mirror_problems = mirrors.write_out(filled, blocks)
    nodes = nodes_of(filled)
    problems += blocks.located(
        [*block_problems, *mirror_problems, *rules.problems(nodes, check_inputs)]
    )
    if problems:
        raise ConfigError(raw.source, _as_written(problems, raw, renamed, origins))
    make_integers(nodes)
    notes = tuple(change.note for change in renamed)
    warnings = blocks.located(suspicious_settings.warnings(nodes))
    warnings = _as_written(warnings, raw, renamed, origins)
    return method_config(raw.source, nodes, notes, tuple(warnings))


def with_places(
    source: Path | str | Mapping[str, Any],
    problems: Sequence[Problem],
    settings: Sequence[str] = (),
) -> list[Problem]:
    """Return problems with their line and column in a method file, sorted by these.

    Problems that already have a line keep it. A problem whose value comes from `settings` names
    `--set` instead. Without a readable file the problems are returned unchanged.

    Args:
        source: the method file, or its content as a dict, which has no lines.
        problems: found after loading, for example while building the method.
        settings: as passed to `load_checked`.
    """
    try:
        raw = _raw(source if isinstance(source, Mapping) else Path(source))
    except ConfigError:
        return list(problems)
    origins, _ = overrides.apply(raw.data, settings)
    renamed, _ = deprecated_keys.rename(raw.data)
    problems = write_blocks.origins(raw.data).located(problems)
    return _as_written(problems, raw, renamed, origins)


def _raw(source: Path | Mapping[str, Any]) -> RawConfig:
    """Return a method merged into the files that it extends."""
    if isinstance(source, Mapping):
        return extends.whole(parse_json.from_dict(source))
    return extends.read(source)


def _as_written(
    problems: Sequence[Problem],
    raw: RawConfig,
    renamed: Sequence[Renamed],
    origins: Mapping[str, str],
) -> list[Problem]:
    """Return problems in terms of the file: its spelling of keys, its lines, or the option.

    Args:
        problems: with the JSON paths of the present keys, and blocks at their places in the file.
        raw: the file, with its content under the present keys.
        renamed: deprecated keys of the file.
        origins: JSON path -> the command-line option that set the value there.
    """
    written = [replace(p, path=mirrors.as_written(p.path, raw.data)) for p in problems]
    for change in renamed:
        written = [replace(p, path=moved(p.path, change.new, change.old)) for p in written]
    located = locate(written, _of_file(raw.positions, origins), raw.files)
    return [_with_origin(problem, origins) for problem in located]


def _of_file(positions: Positions, origins: Mapping[str, str]) -> Positions:
    """Return the positions without those of overridden values."""
    kept = {
        path: position
        for path, position in positions.items()
        if not any(_is_within(path, overridden) for overridden in origins)
    }
    return kept | dict.fromkeys(origins, (0, 0))


def _with_origin(problem: Problem, origins: Mapping[str, str]) -> Problem:
    """Name the command-line option in a problem whose value it set."""
    options = (option for path, option in origins.items() if _is_within(problem.path, path))
    option = next(options, None)
    return replace(problem, found=f"{problem.found} (given by {option})") if option else problem


def _is_within(path: str, container: str) -> bool:
    return moved(path, container, "") != path
