"""Load a method: from a file or dict to a checked configuration, or to all of its problems."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dcrf.config import (
    data_sizes,
    defaults,
    deprecated_keys,
    extends,
    mirrors,
    overrides,
    parse_json,
    rules,
    write_blocks,
)
from dcrf.config.assemble import dataset_configs, method_config
from dcrf.config.data_sizes import Place, ShapeOfData, Size
from dcrf.config.deprecated_keys import Renamed
from dcrf.config.json_paths import Positions, locate, moved
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.config.parse_json import RawConfig
from dcrf.config.rules import schema_errors, suspicious_settings
from dcrf.config.rules.torch_calls import make_integers
from dcrf.config.schema_lookup import Nodes, nodes_of
from dcrf.config.write_blocks import Origins
from dcrf.errors import ConfigError, Problem
from dcrf.schema.special_words import AUTO

ShapesOf = Callable[[Sequence[DatasetConfig]], Sequence[ShapeOfData]]
"""Returns the shape of a sample of each data set, or why it is unknown."""


@dataclass(frozen=True, slots=True)
class _Words:
    """A method as in its file, with overrides and under the present keys.

    origins: JSON path -> the command-line option that set the value there.
    renamed: deprecated keys of the file.
    problems: of the file and the overrides, without those of values.
    """

    raw: RawConfig
    origins: Mapping[str, str]
    renamed: Sequence[Renamed]
    problems: Sequence[Problem]

    @property
    def data(self) -> dict[str, Any]:
        """The method."""
        return self.raw.data

    def error(self, problems: Sequence[Problem]) -> ConfigError:
        """Return the error of a method with problems."""
        return ConfigError(self.raw.source, self.as_written(problems))

    def as_written(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return problems in terms of the file."""
        return _as_written(problems, self.raw, self.renamed, self.origins)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A method with defaults and without blocks and mirrors, possibly invalid.

    blocks: the places of blocks in the file.
    problems: all of them.
    mirror_problems: those of mirrored layers, which hide others.
    data_problems: those that data sets cannot be read with.
    """

    nodes: Nodes
    blocks: Origins
    problems: Sequence[Problem]
    mirror_problems: Sequence[Problem]
    data_problems: Sequence[Problem]


def load_checked(
    source: Path | Mapping[str, Any],
    settings: Sequence[str] = (),
    max_iterations: int | None = None,
    device: str | None = None,
    check_inputs: bool = True,
    shapes_of: ShapesOf | None = None,
) -> MethodConfig:
    """Parse a method, apply overrides and defaults, and check it by the schema and all rules.

    Args:
        source: a method file, or its content as a dict. Relative paths start at the folder of
            the file that has them; those of a dict start at the current directory.
        settings: overrides of the form `JSON.PATH=VALUE`, as passed to `--set`.
        max_iterations: ends every phase after this many iterations at the latest.
        device: replaces the method's `device`.
        check_inputs: whether the files and folders that it reads must exist.
        shapes_of: called for a method with sizes `"auto"` of samples only, which are a problem
            without it. `dcrf.dry_run.shapes.sample_shapes` is one.

    Raises:
        ConfigError: lists every problem. Problems of a dict have no line numbers.
    """
    words = _words(source, settings, max_iterations, device)
    if places := _auto_places(words.data):
        _fill(places, words, check_inputs, shapes_of)
    checked = _checked(words, check_inputs)
    if checked.problems:
        raise words.error(checked.problems)
    make_integers(checked.nodes)
    notes = tuple(change.note for change in words.renamed)
    warnings = checked.blocks.located(suspicious_settings.warnings(checked.nodes))
    warnings = words.as_written(warnings)
    return method_config(words.raw.source, checked.nodes, notes, tuple(warnings))


def load_datasets(
    source: Path | Mapping[str, Any], check_inputs: bool = True
) -> tuple[DatasetConfig, ...]:
    """Return the data sets of a method. No data are read, whatever sizes of layers are `"auto"`.

    Raises:
        ConfigError: as `load_checked`.
    """
    words = _words(source)
    return dataset_configs(_draft(_auto_places(words.data), words, check_inputs).nodes)


def _words(
    source: Path | Mapping[str, Any],
    settings: Sequence[str] = (),
    max_iterations: int | None = None,
    device: str | None = None,
) -> _Words:
    """Return the words of a method, with the overrides of `load_checked`.

    Raises:
        ConfigError: the file cannot be parsed, or is abstract.
    """
    raw = _raw(source)
    data = raw.data
    if data.get(extends.ABSTRACT) is True:
        raise ConfigError(raw.source, locate([extends.ABSTRACT_PROBLEM], raw.positions))
    origins, override_problems = overrides.apply(data, settings, device)
    renamed, spelled_twice = deprecated_keys.rename(data)
    if max_iterations is not None:
        overrides.cap_iterations(data, max_iterations)
    return _Words(raw, origins, renamed, [*raw.problems, *override_problems, *spelled_twice])


def _checked(words: _Words, check_inputs: bool) -> _Checked:
    """Fill the defaults of a method, write its layers out, and check it."""
    of_words = [*words.problems, *schema_errors.problems(words.data)]
    filled = defaults.filled(words.data, words.raw.source.parent)
    block_problems, blocks = write_blocks.write_out(filled)
    mirror_problems = mirrors.write_out(filled, blocks)
    nodes = nodes_of(filled)
    of_rules = rules.problems(nodes, check_inputs)
    of_datasets = [problem for problem in of_rules if _is_within(problem.path, "$.datasets")]
    return _Checked(
        nodes,
        blocks,
        [*of_words, *blocks.located([*block_problems, *mirror_problems, *of_rules])],
        mirror_problems,
        [*of_words, *of_datasets],
    )


def _auto_places(data: Mapping[str, Any]) -> list[Place]:
    return [place for place in data_sizes.places(data) if place.is_auto]


def _draft(places: Sequence[Place], words: _Words, check_inputs: bool) -> _Checked:
    """Return a method with any numbers in place of the sizes that its data determine.

    Raises:
        ConfigError: it has problems whatever these sizes are.
    """
    for place in places:
        place.fill(data_sizes.ANY_SIZES)
    draft = _checked(words, check_inputs)
    # mirrors of any numbers may have problems of their own, and hide the names of their layers
    certain = draft.data_problems if places and draft.mirror_problems else draft.problems
    if certain:
        raise words.error(certain)
    make_integers({p: node for p, node in draft.nodes.items() if _is_within(p, "$.datasets")})
    return draft


def _fill(
    places: Sequence[Place], words: _Words, check_inputs: bool, shapes_of: ShapesOf | None
) -> None:
    """Fill in the sizes that the data of a method determine.

    Raises:
        ConfigError: the data cannot be read or do not have one size, or the method has problems
            whatever the sizes are.
    """
    datasets = dataset_configs(_draft(places, words, check_inputs).nodes)
    of_samples = [place for place in places if place.size is not Size.CLUSTERS]
    if of_samples and shapes_of is None:
        remedy = "write a number, or pass shapes_of=dcrf.dry_run.shapes.sample_shapes in Python"
        message = f'"{AUTO}" needs data, which are not read here'
        raise words.error([Problem(place.path, message, remedy) for place in of_samples])
    shapes = shapes_of(datasets) if of_samples and shapes_of else ()
    sizes, problems = data_sizes.sizes_of(places, datasets, shapes)
    if problems:
        raise words.error(problems)
    for place in places:
        place.fill(sizes)


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
    for place in _auto_places(raw.data):
        place.fill(data_sizes.ANY_SIZES)
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
