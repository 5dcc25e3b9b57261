"""The method of a run: its parts as a diagram, its description and its configuration."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dcrf.config.method_config import MethodConfig
from dcrf.report.diagram import MappingFacts, diagram
from dcrf.report.html import details, joined, preformatted, section, shown, table
from dcrf.report.saved_files import SavedFiles
from dcrf.reporting.blocks import Block, Columns

_CHARACTERS = 200_000  # of a configuration on a page


@dataclass(frozen=True, slots=True)
class Described:
    """A method and the results of its simulation.

    mappings: name -> facts.
    blocks: of its description.
    """

    config: MethodConfig
    mappings: Mapping[str, MappingFacts]
    blocks: Sequence[Block]


def method_section(run: SavedFiles, method: Described | None, key: str = "") -> Markup:
    """Return a diagram, the description, and the configuration with every default.

    Args:
        run: finished or not.
        method: of the run; None if it cannot be built.
        key: begins the ids of elements; another one for each run of a page.
    """
    text = json.dumps(run.config, indent=2, ensure_ascii=False)
    if len(text) > _CHARACTERS:
        text = f"{text[:_CHARACTERS]}\n... ({len(text):,} characters in config.json)"
    configuration = details("Configuration", preformatted(text)) if run.config else Markup("")
    if method is None:
        return section("Method", configuration)
    described = details("Layers, optimizers and options", blocks(method.blocks))
    return section("Method", diagram(method.config, method.mappings, key), described, configuration)


def blocks(content: Iterable[Block]) -> Markup:
    """Return paragraphs and tables."""
    return joined(map(_block, content))


def _block(block: Block) -> Markup:
    if isinstance(block, Columns):
        return table(["layer", "output", "parameters"], block.rows, kind="layers")
    level = min(block.indent // 2, 2)
    return Markup('<p class="level-{}">{}</p>').format(level, shown(block.text))
