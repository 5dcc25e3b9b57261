"""The site of the documentation: `make docs` builds it with Sphinx, MyST and Furo."""

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
from reference_pages import links_of_schemas, write_pages  # noqa: E402 - a script beside this one

import dcrf  # noqa: E402 - of this checkout

project = "dcrf"
author = "the dcrf authors"
project_copyright = f"2026 {author}"
version = release = dcrf.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
copybutton_prompt_text = "$ "
highlight_language = "text"
pygments_style = "friendly"
pygments_dark_style = "github-dark"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
default_role = "literal"  # of a word between single backticks in a docstring

html_theme = "furo"
html_title = f"dcrf {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

write_pages(DOCS / "reference")


def setup(app: Sphinx) -> None:
    """Connect the functions for every page and, before Napoleon, for every docstring."""
    app.connect("source-read", lead_links_into_site)
    app.connect("autodoc-process-docstring", write_docstring, priority=400)


TARGETS = {f"../schema/{file}": f"reference/{page}" for file, page in links_of_schemas().items()}
TARGETS["../benchmarks/RESULTS.md"] = "reference/benchmarks.md"
TARGETS["../benchmarks/TIME_TO_QUALITY.md"] = "reference/time_to_quality.md"
"""Link to a file beside `docs/` -> the page of the reference about it."""


def lead_links_into_site(app: Sphinx, name: str, source: list[str]) -> None:
    """Replace links to schemas in a page of `docs/`, and list the pages of its own folder below it.

    Sphinx copies other files that a page links into the site.
    """
    if "/" in name:
        return
    text = re.sub(r"\]\((\.\./[^)]+)\)", lambda m: f"]({TARGETS.get(m[1], m[1])})", source[0])
    pages = re.findall(rf"\]\(({name}/\w+)\.md\)", text)
    listed = "\n".join(["", "```{toctree}", ":hidden:", "", *pages, "```", ""]) if pages else ""
    source[0] = text + listed


ENTRY = re.compile(r"^([a-z]\w*(?:, \w+)*): (.*(?:\n {4}.*)*)", re.MULTILINE)
"""Attributes in the docstring of a class: their names at the margin, and what they are."""


def write_docstring(
    app: Sphinx, kind: str, name: str, documented: Any, options: Any, lines: list[str]
) -> None:
    """Write a docstring as Napoleon reads it: attributes in a list, and no star as markup."""
    text = re.sub(r"\*(?=[\w*])", r"\\*", "\n".join(lines))
    if kind == "class" and (entries := ENTRY.findall(text)):
        items = [f"* ``{names}``: {' '.join(meaning.split())}" for names, meaning in entries]
        text = "\n".join([ENTRY.sub("", text), "", ".. rubric:: Attributes", "", *items, ""])
    lines[:] = text.splitlines()
