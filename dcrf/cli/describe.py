"""The command `dcrf describe`: what a method is, for a reader at a terminal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.cli.arguments import Parser
from dcrf.cli.dry_runs import shapes_of
from dcrf.cli.output import announce
from dcrf.cli.text import columns, paragraph
from dcrf.config import load_checked
from dcrf.config.method_config import (
    DatasetConfig,
    MappingConfig,
    MethodConfig,
    OptimizerConfig,
    Options,
    PatternConfig,
    PhaseConfig,
)
from dcrf.errors import CommandLineError
from dcrf.reporting.blocks import Block, Columns, Paragraph
from dcrf.reporting.writers import say
from dcrf.runs.run_folder import CONFIGURATION, is_run_folder
from dcrf.schema.registry import DESIGN_PATTERNS, KINDS, STRATEGIES, Registry

OK = 0
DESCRIPTION = """\
Show what a method is: its description and papers, data sets, networks with the shapes between
layers, phases with losses and optimizers, and how samples are assigned to clusters. A sentence says
what each loss and the assignment do.
"""
_NAMES = (*(registry.key for registry in KINDS.values()), "type", "function_name")
"""Keys that name what an entry is."""
_FIRST_SENTENCE = re.compile(r".*?\.(?=\s+[A-Z]|\s*$)", re.DOTALL)
_SHOWN_BY_SHAPES = {
    *("in_features", "out_features", "in_channels", "out_channels", "num_features"),
    *("input_size", "hidden_size", "unflattened_size"),
}


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    named = parser().parse_args(arguments).method
    announce("loading", [named])
    config = load_checked(_file(named), check_inputs=False, shapes_of=shapes_of)
    say("\n".join(line for block in description(config) for line in _lines(block)))
    return OK


def _lines(block: Block) -> list[str]:
    """Return the lines of a block at the width of the terminal."""
    if isinstance(block, Columns):
        return columns(block.rows, block.indent, block.align)
    return paragraph(block.text, block.indent, block.hanging) or [""]


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf describe",
        description=DESCRIPTION,
    )
    flags.add_argument(
        "method",
        metavar="FILE_OR_NAME_OR_RUN",
        help="a method file, the name of a shipped method such as dec, or a run folder",
    )
    return flags


def _file(named: str) -> Path:
    """Return the method file that an argument names.

    Raises:
        CommandLineError: it is a folder of anything else than a run.
        DataError: it is neither a file nor the name of a shipped method.
    """
    from dcrf.runs.new_method import method_file  # noqa: PLC0415 - it imports torch

    path = Path(named)
    if is_run_folder(path):
        return path / CONFIGURATION
    if path.is_dir():
        raise CommandLineError(f"{path} is a folder, but not of a run; name a method file in it")
    return method_file(named)


def description(config: MethodConfig, shapes: Any = None) -> Iterator[Block]:
    """Yield the blocks of a description.

    Args:
        config: the method.
        shapes: its `MethodShapes`; None to simulate it.

    Raises:
        ConfigError: the numbers of the configuration are too large, or a part cannot be built.
    """
    from dcrf.dry_run.shapes import method_shapes  # noqa: PLC0415 - it imports torch

    shapes = shapes or method_shapes(config)
    yield Paragraph(config.name)
    if text := str(config.filled.get("description", "")):
        yield Paragraph(text, 2)
    if references := config.filled.get("references", ()):
        yield from _titled("sources")
        yield from (Paragraph(reference, 2) for reference in references)
    yield from _titled("data sets")
    for dataset, expected in zip(config.datasets, shapes.data, strict=True):
        yield from _dataset(dataset, expected, config)
    yield from _titled("mappings")
    for mapping in config.mappings:
        yield from _mapping(mapping, shapes.mappings[mapping.name])
    for phase in config.phases:
        yield Paragraph("")
        yield from _phase(phase)
    yield Paragraph("")
    yield from _strategy(config, shapes.other_parts)
    if shapes.problems:
        yield Paragraph("")
        yield Paragraph(
            f"It cannot run here: {shapes.problems[0].path}: {shapes.problems[0].found}", 0, 2
        )


def _titled(title: str) -> Iterator[Block]:
    yield from (Paragraph(""), Paragraph(title))


def _dataset(entry: DatasetConfig, expected: Any, config: MethodConfig) -> Iterator[Block]:
    """Yield the blocks of a data set; `expected` is its `ExpectedData`."""
    number = "an unknown number of" if expected.n_samples is None else f"{expected.n_samples:,}"
    noun = "clustering problems" if expected.has_problems else "samples"
    shape = None if expected.shapes is None else next(iter(expected.shapes.values()))
    of_shape = f" of shape {_shape(shape)}" if shape else " of unknown shape"
    facts = [f"{number} {noun}{of_shape}"]
    if expected.n_samples is not None:
        facts.append("with labels" if expected.has_labels else "without labels")
    facts += [
        f"{entry.num_clusters} clusters",
        f"batches of {entry.batch_size}, {_value(entry.sampling)}",
    ]
    if entry.steps:
        facts.append(f"after {', '.join(map(_value, entry.steps))}")
    if entry.batch_augmentations:
        facts.append(f"views {', '.join(entry.batch_augmentations)}")
    if len(entry.phases) < len(config.phases):
        facts.append(f"phases {', '.join(entry.phases)}" if entry.phases else "not trained on")
    yield Paragraph(f"{entry.name}: {'; '.join(facts)}", 2, 4)


def _mapping(entry: MappingConfig, shapes: Any) -> Iterator[Block]:
    """Yield the blocks of a mapping; `shapes` are its `MappingShapes`."""
    source = "input" if shapes.reads is None else _shape(shapes.reads)
    before = entry.prior_mapping_name or entry.associated_feature_extractor_name
    if before:
        source = f"output of {before}"
    ends = "" if shapes.writes is None else f" -> {_shape(shapes.writes)}"
    role = entry.type.replace("_", " ")
    yield Paragraph(f"{entry.name}: {role}, {source}{ends}, {_parameters(shapes.parameters)}", 2, 4)
    rows = [*_before(entry), *_layers(entry, shapes), *_after(entry)]
    if rows:
        yield Columns(rows, 4, "lrr")


def _before(entry: MappingConfig) -> list[list[str]]:
    return [[_value(function), "", ""] for function in entry.pre_processing_functions]


def _after(entry: MappingConfig) -> list[list[str]]:
    return [[_value(function), "", ""] for function in entry.post_processing_functions]


def _layers(entry: MappingConfig, shapes: Any) -> list[list[str]]:
    """Return a row for each layer. One without parameters that keeps the shape joins the others."""
    rows: list[list[str]] = []
    before = shapes.reads
    for layer, shape, number in zip(
        entry.layers, shapes.layers, shapes.layer_parameters, strict=True
    ):
        name = _layer(layer, hidden=_SHOWN_BY_SHAPES if shape is not None else set())
        if rows and shape is not None and shape == before and not number:
            rows[-1][0] += f", {name}"
        else:
            output = "" if shape is None else _shape(shape)
            rows.append([name, output, f"{number:,}" if number else ""])
        before = shape
    return rows


def _layer(entry: Options, hidden: set[str]) -> str:
    options = {k: v for k, v in entry.items() if k not in {"type", "name", *hidden}}
    return " ".join([str(entry["type"]), *(f"{k}={_value(v)}" for k, v in options.items())])


def _phase(phase: PhaseConfig) -> Iterator[Block]:
    """Yield the blocks of a phase."""
    yield Paragraph(f"phase {phase.name}: until {_end(phase.exit_criteria)}", 0, 2)
    for pattern in phase.design_patterns:
        yield from _pattern(pattern)
    for optimizer in phase.optimizers:
        yield Paragraph(_optimizer(optimizer), 2, 6)
    for scheduler in phase.schedulers:
        options = _options(scheduler.options)
        text = f"{scheduler.type}: of {scheduler.optimizer_name}, every {scheduler.step}{options}"
        yield Paragraph(text, 2, 6)
    for step in phase.optimizer_cycle:
        active = ", ".join(step.active_optimizer_names)
        yield Paragraph(f"in turn: {active} for {step.num_iterations} iterations", 2, 6)
    if phase.gradient_clipping:
        yield Paragraph(f"gradient clipping{_options(phase.gradient_clipping)}", 2, 6)
    if phase.frozen_parts:
        yield Paragraph(f"frozen: {', '.join(phase.frozen_parts)}", 2, 6)
    if phase.validation is not None:
        yield Paragraph(f"validation{_options(phase.validation)}", 2, 6)
    for load in phase.loads:
        yield Paragraph(f"loads {load.part} from {load.file}", 2, 6)
    for save in phase.saves:
        yield Paragraph(f"saves {save.part} to {save.target}", 2, 6)


def _end(criteria: Options) -> str:
    """Return the exit criteria in words."""
    counted = [f"{criteria[k]:,} {k}" for k in ("iterations", "epochs") if k in criteria]
    others = [f"{k} {_value(v)}" for k, v in criteria.items() if k not in ("iterations", "epochs")]
    return " or ".join([*counted, *others])


def _pattern(entry: PatternConfig) -> Iterator[Block]:
    """Yield the blocks of a design pattern: what it does, and its facts."""
    title = entry.stem if entry.name == entry.stem else f"{entry.name} ({entry.stem})"
    facts = []
    for loss, weight in entry.weights.items():
        if weight != 1:
            facts.append(f"weight {_value(weight)}" + (f" of {loss}" if loss != "*" else ""))
    groups = {group for group in entry.groups.values() if group != "default"}
    facts += [f"optimizer group {group}" for group in sorted(groups)]
    facts += [f"{role}: view {view}" for role, view in entry.views.items() if view]
    if entry.classifier_name:
        facts.append(f"classifier {entry.classifier_name}")
    facts += _own_options(DESIGN_PATTERNS, entry.stem, entry.options)
    yield Paragraph(f"{title}: {_sentence(DESIGN_PATTERNS, entry.stem)}", 2, 6)
    if facts:
        yield Paragraph(", ".join(facts), 6)


def _sentence(registry: Registry, stem: str) -> str:
    """Return the first sentence of the description of a part."""
    text = str(registry.schemas[stem]["description"])
    first = _FIRST_SENTENCE.match(text)
    return first.group() if first else text


def _optimizer(entry: OptimizerConfig) -> str:
    name = f"{entry.name} ({entry.type})" if entry.name else entry.type
    options = ", ".join(f"{k}={_value(v)}" for k, v in entry.options.items())
    group = "" if entry.group_name == "default" else f", group {entry.group_name}"
    trained = ", ".join(entry.trained_parts)
    return f"{name}: {options}{group}, trains {trained}" if options else f"{name}: trains {trained}"


def _strategy(config: MethodConfig, parts: Mapping[str, Sequence[Any]]) -> Iterator[Block]:
    """Yield the blocks of the cluster assignment strategy and of its parts."""
    entry = config.strategy
    yield Paragraph(f"clusters: {entry.stem}")
    yield Paragraph(_sentence(STRATEGIES, entry.stem), 2)
    facts = _own_options(STRATEGIES, entry.stem, entry.options, ": ")
    for part in config.parts.values():
        facts += _own_options(STRATEGIES, entry.stem, part.options, ": ")
    if config.features.mapping_name:
        layers = ", ".join(config.features.layer_names)
        of_layers = f" ({layers})" if layers else ""
        facts.append(f"features: {config.features.mapping_name}{of_layers}")
    for fact in dict.fromkeys(facts):
        yield Paragraph(fact, 2, 6)
    for name, tensors in parts.items():
        if tensors:
            yield Paragraph(f"part {name}: {', '.join(map(_shape, tensors))}", 2, 6)
    for reclustering in config.reclusterings:
        text = f"reclustering {reclustering.name}: {_value(reclustering.clustering)}"
        yield Paragraph(text, 2, 6)


def _own_options(registry: Registry, stem: str, options: Options, link: str = "=") -> list[str]:
    """Return the options of a part that differ from their defaults, `link` before each value."""
    known = registry.properties(stem)
    return [
        f"{key}{link}{_value(value)}"
        for key, value in options.items()
        if value is not None and value != known.get(key, {}).get("default")
    ]


def _options(options: Options) -> str:
    return "".join(f", {key}={_value(value)}" for key, value in options.items())


def _value(value: Any) -> str:
    """Return a value of a file in short: an entry as its name and options in parentheses."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        name = next((str(value[key]) for key in _NAMES if key in value), "")
        hidden = {*_NAMES, "input_argument_name"}
        own = {k: v for k, v in value.items() if k not in hidden and v not in (None, [], ())}
        inner = [f"{key}={_value(item)}" for key, item in own.items()]
        return f"{name}({', '.join(inner)})" if inner or not name else name
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return str(value)


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) if shape else "1"


def _parameters(number: int) -> str:
    return f"{number:,} parameters" if number else "no parameters"
