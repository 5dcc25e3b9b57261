"""README and docs are true of the program."""

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import dcrf
from dcrf.cli.arguments import parser
from dcrf.cli.find_files import ROOT
from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.recombination.candidates import candidates_of
from dcrf.recombination.space import read_space

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BELOW = sorted((ROOT / "docs" / "extending").glob("*.md"))
OF_THE_SITE = {"index.md", "quickstart.md", "changelog.md"}
"""Pages that include others, such as the README itself."""

every_page = pytest.mark.parametrize("page", [*PAGES, *BELOW], ids=lambda page: page.name)


def json_blocks(page):
    text = (ROOT / page).read_text()
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_every_flag_is_in_the_table_and_no_other():
    real = {flag for action in parser()._actions for flag in action.option_strings}
    text = (ROOT / "docs" / "running.md").read_text()

    listed = {cell.split()[0] for cell in re.findall(r"^\| `(--[^`]+)`", text, re.MULTILINE)}

    assert listed == real - {"-h"}


def test_the_tables_of_parts_are_current():
    done = subprocess.run([sys.executable, ROOT / "docs" / "tables.py", "--check"], check=False)

    assert done.returncode == 0


@every_page
def test_links_to_files_lead_somewhere(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", prose)
    generated = "reference/"  # pages that only the site has

    missing = [link for link in links if not (page.parent / link).exists()]

    assert [link for link in missing if not link.startswith(generated)] == []
    assert page.name == "index.md" or not [link for link in links if link.startswith(generated)]


def test_the_readme_links_every_page():
    links = re.findall(r"\]\(docs/(\w+\.md)\)", (ROOT / "README.md").read_text())

    assert {page.name for page in PAGES} - {"README.md"} - OF_THE_SITE == set(links)


def test_the_readme_has_no_placeholders():
    assert re.findall(r"^[A-Z_]+$", (ROOT / "README.md").read_text(), re.MULTILINE) == []


def test_the_method_and_the_space_of_the_readme_are_valid(tmp_path):
    method, space = json_blocks("README.md")
    file, other = tmp_path / "my_method.json", tmp_path / "parts.json"
    file.write_text(json.dumps(method))
    other.write_text(json.dumps(space))

    check(load_checked(file))
    assert len(candidates_of(read_space(other)).valid) == 4


def steps():
    """The method of the worked example after each of its steps."""
    first, strategy, phase, views, view, borrowed = json_blocks("docs/first_method.md")
    second = {**first, **strategy, "phases": [*first["phases"], phase]}
    pretraining, finetuning = (
        {**p, "design_patterns": [{**pattern, **view} for pattern in p["design_patterns"]]}
        for p in second["phases"]
    )
    datasets = [{**second["datasets"][0], **views}]
    third = {**second, "phases": [pretraining, finetuning], "datasets": datasets}
    finetuning = {**finetuning, "design_patterns": [*finetuning["design_patterns"], *borrowed]}
    return first, second, third, {**third, "phases": [pretraining, finetuning]}


def test_every_step_of_the_worked_example_is_a_valid_method(tmp_path: Path):
    for step in steps():
        file = tmp_path / "my_method.json"
        file.write_text(json.dumps(step))

        check(load_checked(file))


def run_python(page, **names):
    """Run the Python of a page as one session; return its names."""
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        exec(compile(block, page, "exec"), names)
    return names


def test_python_saves_arrays_as_the_page_on_data_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_python("docs/own_data.md", samples=np.ones((2, 3)), labels=np.zeros(2, int))

    assert [file.name for file in tmp_path.iterdir()] == ["my_data.npz"]


def test_python_does_what_the_page_on_python_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    result = run_python("docs/python.md")["result"]
    scores, clusters, assigned, problem = capsys.readouterr().out.splitlines()

    assert result.scores["my_digits"]["acc"] > 0.6
    assert scores == str(result.scores["my_digits"])
    assert clusters.startswith(assigned.rstrip("]"))
    assert problem == "$.sede - unknown key 'sede' - did you mean 'seed'?"
    assert not list(tmp_path.iterdir())


def test_the_page_on_python_lists_every_field_of_the_result():
    table = (ROOT / "docs" / "python.md").read_text().partition("## The result")[2]
    listed = re.findall(r"`(\w+)[`(]", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))

    assert {*listed} == {field.name for field in fields(dcrf.Result)} | {"assign"}


def test_the_worked_example_ends_as_the_quickstart():
    quickstart = json.loads((ROOT / "configurations/quickstart/quickstart.json").read_text())

    *_, last = steps()

    about = {"$schema", "name", "description", "references"}
    assert {k: v for k, v in last.items() if k not in about} == {
        k: v for k, v in quickstart.items() if k not in about
    }
