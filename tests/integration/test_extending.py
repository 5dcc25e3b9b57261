"""The parts that the pages on extending add pass the contract tests of their kinds."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from dcrf.cli.find_files import ROOT

PAGES = sorted((ROOT / "docs" / "extending").glob("*.md"))
COPIED = ("dcrf", "schema", "tests", "configurations", "benchmarks", "docs")
COPIED += ("README.md", "Makefile", "pyproject.toml")
FILE = re.compile(r"^`([\w/]+\.\w+)`\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OF_ALL = "every_file or is_forgotten or has_a_module or has_a_case or has_a_unit_test"
"""The mark of rules about files, and words in names of the contract tests that compare folders."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def files(page):
    """Path in the checkout -> content, of every file that a page writes."""
    return dict(FILE.findall(page.read_text()))


def stem(page):
    return re.search(r"tests/unit/[\w/]+/test_(\w+)\.py", page.read_text())[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the checkout with all parts of the pages."""
    folder = tmp_path_factory.mktemp("extended")
    without = shutil.ignore_patterns("__pycache__", "_build", "reference")
    for name in COPIED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=without)
        else:
            shutil.copy(path, folder / name)
    for page in PAGES:
        for path, text in files(page).items():
            assert not (ROOT / path).exists(), path
            (folder / path).write_text(text)
        for extra in re.findall(
            r"^```toml\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE
        ):
            add_extra(folder / "pyproject.toml", extra)
    run(folder, "dcrf.schema.generate")
    return folder


def add_extra(project, line):
    heading = "[project.optional-dependencies]\n"
    project.write_text(project.read_text().replace(heading, heading + line))


def run(folder, module, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    return done.stdout


@every_page
def test_a_page_writes_a_module_and_a_unit_test(page):
    name = stem(page)
    paths = [*files(page)]

    assert len([path for path in paths if re.fullmatch(rf"dcrf/[\w/]+/{name}\.py", path)]) == 1
    assert (
        len([path for path in paths if re.fullmatch(rf"tests/unit/[\w/]+/test_{name}\.py", path)])
        == 1
    )
    assert len(re.findall(r"^```python$", page.read_text(), re.MULTILINE)) == 2


def test_the_overview_names_every_page_and_its_part():
    table = (ROOT / "docs" / "extending.md").read_text()
    rows = re.findall(r"^\| \[[\w ]+\]\(extending/(\w+)\.md\) \| `(\w+)`", table, re.MULTILINE)

    assert sorted(rows) == [(page.stem, stem(page)) for page in PAGES]


@pytest.mark.slow
def test_the_new_parts_pass_their_contract_tests(copy):
    names = [stem(page) for page in PAGES]
    units = [path for page in PAGES for path in files(page) if path.startswith("tests/unit/")]
    chosen = " or ".join([OF_ALL, *names])
    output = run(
        copy, "pytest", "-n", 0, "-q", "-rN", "-p", "no:cacheprovider",
        "-k", chosen, "tests/contract", *units, "--verbosity=1",
    )  # fmt: skip
    passed = re.findall(r"^(\S+) PASSED", output, re.MULTILINE)

    of_all = [test for test in passed if test.startswith("tests/contract/") and "[" not in test]

    for name in names:
        own = [test for test in passed if name in test]
        assert own
        assert len({*own, *of_all}) > 5


@pytest.mark.slow
def test_the_new_code_is_formatted_and_free_of_lint(copy):
    modules = [p for page in PAGES for p in files(page) if p.endswith(".py")]

    run(copy, "ruff", "format", "--check", "--no-cache", *modules)
    run(copy, "ruff", "check", "--no-cache", *modules)
