"""A method as boxes: mappings with their shapes, the assignment, phases, and losses by formulas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from dcrf.config.method_config import MappingConfig, MethodConfig, PatternConfig, PhaseConfig
from dcrf.report.html import heading, items, joined, linked, shown
from dcrf.schema.explain import explanations

Shape = Sequence[int]


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """The shapes of a mapping without the axis of samples, None if they are unknown."""

    reads: Shape | None
    writes: Shape | None
    parameters: int


def diagram(config: MethodConfig, mappings: Mapping[str, MappingFacts], key: str) -> Markup:
    """Return the boxes of a method, and below them its losses and its assignment.

    Args:
        config: the method.
        mappings: name -> facts.
        key: begins the ids of elements; another one for each run of a page.
    """
    networks = [_mapping(entry, mappings[entry.name]) for entry in config.mappings]
    phases = [_phase(phase, key) for phase in config.phases]
    return joined(
        [
            heading("Mappings and clusters"),
            _flow([*networks, _assignment(config)], "boxes"),
            heading("Phases"),
            _flow(phases, "boxes ordered"),
            heading("Losses and assignment"),
            *_parts(config, key),
        ]
    )


def _flow(boxes: Sequence[Markup], kind: str) -> Markup:
    return Markup('<div class="{}">{}</div>').format(kind, joined(boxes))


def _box(title: str, kind: str, *lines: str | Markup) -> Markup:
    """Return a box with a title, a kind and facts."""
    return Markup('<div class="box"><h4>{} <small>{}</small></h4>{}</div>').format(
        shown(title), shown(kind), joined(Markup("<p>{}</p>").format(shown(x)) for x in lines if x)
    )


def _mapping(entry: MappingConfig, facts: MappingFacts) -> Markup:
    before = entry.prior_mapping_name or entry.associated_feature_extractor_name
    source = f"output of {before}" if before else ""
    ends = [source or _shape(facts.reads), _shape(facts.writes)]
    arrow = Markup(' <b class="arrow">→</b> ').join(shown(end) for end in ends)
    return _box(
        entry.name,
        entry.type.replace("_", " "),
        arrow,
        f"{facts.parameters:,} parameters" if facts.parameters else "no parameters",
    )


def _assignment(config: MethodConfig) -> Markup:
    features = config.features.mapping_name
    layers = f" ({', '.join(config.features.layer_names)})" if config.features.layer_names else ""
    return _box(
        "clusters",
        config.strategy.stem.replace("_", " "),
        f"of the features of {features}{layers}" if features else "of the samples",
    )


def _phase(phase: PhaseConfig, key: str) -> Markup:
    losses = items((_loss(pattern, key) for pattern in phase.design_patterns), "losses")
    trained = dict.fromkeys(part for entry in phase.optimizers for part in entry.trained_parts)
    optimizers = ", ".join(dict.fromkeys(entry.type for entry in phase.optimizers))
    return _box(
        phase.name,
        f"until {_end(phase)}",
        losses,
        f"{optimizers} trains {', '.join(trained)}" if trained else "",
        f"frozen: {', '.join(phase.frozen_parts)}" if phase.frozen_parts else "",
    )


def _end(phase: PhaseConfig) -> str:
    counted = {k: v for k, v in phase.exit_criteria.items() if k in ("iterations", "epochs")}
    others = [key.replace("_", " ") for key in phase.exit_criteria if key not in counted]
    return " or ".join([*(f"{number:,} {key}" for key, number in counted.items()), *others])


def _loss(entry: PatternConfig, key: str) -> Markup:
    weights = [_weight(weight) for weight in entry.weights.values()]
    factor = "" if all(text == "1" for text in weights) else f"{', '.join(weights)} x "
    return Markup('{}<a href="#{}part-{}">{}</a>').format(
        factor, key, entry.stem, shown(entry.name.replace("_", " "))
    )


def _weight(weight: Any) -> str:
    """Return a number, or the name of a schedule."""
    if isinstance(weight, Mapping):
        return str(weight.get("schedule", "scheduled"))
    return f"{weight:g}"


def _parts(config: MethodConfig, key: str) -> Iterator[Markup]:
    """Yield title, formula and source of each design pattern, and of the strategy."""
    stems = [pattern.stem for phase in config.phases for pattern in phase.design_patterns]
    for stem in dict.fromkeys([*stems, config.strategy.stem]):
        for part in explanations(stem):
            lines = [Markup("<p>{}</p>").format(linked(part.description))]
            if part.formula:
                text = "\n".join(part.formula)
                lines.append(Markup('<pre class="formula">{}</pre>').format(shown(text)))
            if part.source:
                lines.append(
                    Markup('<p class="soft">{}</p>').format(linked(part.source.replace("`", "")))
                )
            title = stem.replace("_", " ")
            yield Markup('<div class="part" id="{}part-{}"><h4>{}</h4>{}</div>').format(
                key, stem, title, joined(lines)
            )


def _shape(shape: Shape | None) -> str:
    return "?" if shape is None else " x ".join(map(str, shape)) or "1"
