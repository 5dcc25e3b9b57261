"""The documentation builds into a site without warnings, whose links lead somewhere."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
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
        self.links, self.loaded, self.anchors = [], [], set()
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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    places = ["-d", folder / "read", ROOT / "docs", folder / "html"]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    return {file: Page(file) for file in site.rglob("*.html")}


def test_every_page_of_the_folder_is_in_the_site(site):
    written = {file.stem for file in (ROOT / "docs").glob("*.md")}

    assert {file.stem for file in site.glob("*.html")} == written | {"genindex", "search"}


def test_links_within_the_site_lead_to_files_and_anchors(pages):
    broken = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not target.exists():
                broken.append(f"{file.name}: {link}")
            elif target in pages and parts.fragment and parts.path + parts.fragment != "":
                known = pages[target].anchors
                broken += [] if unquote(parts.fragment) in known else [f"{file.name}: {link}"]

    assert broken == []


def test_links_to_other_sites_are_whole_addresses(pages):
    links = {link for page in pages.values() for link in page.links if urlsplit(link).scheme}

    assert {urlsplit(link).scheme for link in links} <= {"http", "https"}
    assert [link for link in links if "." not in urlsplit(link).netloc] == []
    assert [link for link in links if link.endswith((";", ",", ")"))] == []


def test_the_site_works_without_a_network(site, pages):
    styles = "".join(file.read_text() for file in site.rglob("*.css"))

    assert not [src for page in pages.values() for src in page.loaded if urlsplit(src).netloc]
    assert "url(http" not in styles
    assert "@import" not in styles


def test_the_reference_has_every_part_and_every_key(site):
    text = {file.stem: file.read_text() for file in Path(site / "reference").rglob("*.html")}

    for names in kinds().values():
        assert [name for name in names if f">{name}</span>" not in text["kinds"]] == []
    assert [key for key in key_names() if f">{key}</span>" not in text["keys"]] == []


def test_no_page_is_too_long_to_open_at_once(site):
    sizes = {file.name: file.stat().st_size // 1024 for file in site.rglob("*.html")}

    assert {name: size for name, size in sizes.items() if size > KIBIBYTES_OF_A_PAGE} == {}
