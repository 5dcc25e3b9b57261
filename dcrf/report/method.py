"""The method of a run: its description, networks and configuration."""

import json
from collections.abc import Iterable

from markupsafe import Markup

from dcrf.report.html import details, joined, preformatted, section, shown, table
from dcrf.report.saved_files import SavedFiles
from dcrf.reporting.blocks import Block, Columns

_CHARACTERS = 200_000  # of a configuration on a page


def method_section(run: SavedFiles, blocks: Iterable[Block]) -> Markup:
    """Return the blocks of a description, and the configuration with every default."""
    text = json.dumps(run.config, indent=2, ensure_ascii=False)
    if len(text) > _CHARACTERS:
        text = f"{text[:_CHARACTERS]}\n... ({len(text):,} characters in config.json)"
    configuration = details("Configuration", preformatted(text)) if run.config else Markup("")
    described = joined(map(_block, blocks))
    return section("Method", described, configuration)


def _block(block: Block) -> Markup:
    if isinstance(block, Columns):
        return table(["layer", "output", "parameters"], block.rows, kind="layers")
    level = min(block.indent // 2, 2)
    return Markup('<p class="level-{}">{}</p>').format(level, shown(block.text))
