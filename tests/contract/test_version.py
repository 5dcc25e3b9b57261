"""The version stands in one place, `dcrf.__version__`, and other files agree with it."""

import re
import tomllib

import yaml

import dcrf
from dcrf.cli.find_files import ROOT


def test_the_version_of_the_package_is_that_of_its_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "dcrf.__version__"}


def test_the_changelog_begins_with_the_version():
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == dcrf.__version__
    assert len(headings) == len(set(headings))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", heading) for heading in headings)


def test_the_citation_has_the_version_and_the_license():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == dcrf.__version__
    assert citation["license"] == project["license"]
    assert citation["title"].partition(":")[0] == project["name"]
    assert {"message", "authors", "type"} <= citation.keys()
    assert citation["authors"]
    assert (
        re.search(r"^Copyright \(c\) \d+ (.*)$", (ROOT / "LICENSE").read_text(), re.MULTILINE)[1]
        == (citation["authors"][0]["name"])
    )


def test_every_extra_is_in_the_documentation():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    text = (ROOT / "docs" / "installation.md").read_text()

    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == extras.keys()
