"""The documentation builds into a site without warnings, whose links lead somewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from dcrf.cli.find_files import ROOT
from dcrf.schema.explain import key_names, kinds

pytest.importorskip("sphinx")
pytest.importorskip("furo")
pytest.importorskip("myst_parser")
pytest.importorskip("sphinx_copybutton")

KIBIBYTES_OF_A_PAGE = 200


class Page(HTMLParser):
    """The links, the anchors and the loaded files of a page."""

    def __init__(self, file):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], {""}
        self.feed(file.read_text())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors.add(values.get("id"))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in ("script", "img", "iframe") and "src" in values:
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(values["href"])


@pytest.mark.slow
def test_the_site_builds_without_warnings_and_keeps_its_promises(tmp_path):
    """One test, since pytest-xdist would build the site for each of several."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    places = ["-d", tmp_path / "read", ROOT / "docs", tmp_path / "html"]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    site = tmp_path / "html"
    pages = {file: Page(file) for file in site.rglob("*.html")}
    assert {file.stem for file in site.glob("*.html")} >= {
        file.stem for file in (ROOT / "docs").glob("*.md")
    }
    assert [*broken_links(pages)] == []
    assert [*invalid_addresses(pages)] == []
    assert [*loaded_from_elsewhere(site, pages)] == []
    assert [*missing_in_the_reference(site)] == []
    sizes = {file.name: file.stat().st_size // 1024 for file in pages}
    assert {name: size for name, size in sizes.items() if size > KIBIBYTES_OF_A_PAGE} == {}


def broken_links(pages):
    """Links within the site to missing files or anchors."""
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchors = pages[target].anchors if target in pages else ()
            if not target.exists() or (anchors and unquote(parts.fragment) not in anchors):
                yield f"{file.name}: {link}"


def invalid_addresses(pages):
    """Links to other sites that are cut off, or take the text behind them along."""
    links = {link for page in pages.values() for link in page.links if urlsplit(link).scheme}
    for link in links:
        parts = urlsplit(link)
        is_whole = parts.scheme in ("http", "https") and "." in parts.netloc
        if not is_whole or link.endswith((";", ",", ")")):
            yield link


def loaded_from_elsewhere(site, pages):
    """Scripts, pictures and fonts that need a network."""
    yield from (src for page in pages.values() for src in page.loaded if urlsplit(src).netloc)
    for file in site.rglob("*.css"):
        yield from re.findall(r"url\(.?https?:[^)]*|@import[^;]*", file.read_text())


def missing_in_the_reference(site):
    """Parts and keys that are not in the tables of all of them."""
    text = {name: (site / f"reference/{name}.html").read_text() for name in ("kinds", "keys")}
    parts = (name for names in kinds().values() for name in names)
    yield from (name for name in parts if f">{name}</span>" not in text["kinds"])
    yield from (key for key in key_names() if f">{key}</span>" not in text["keys"])
