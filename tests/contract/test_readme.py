"""What the README says is true of the program."""

import json
import re
from pathlib import Path

from dcrf.cli.arguments import parser
from dcrf.cli.plan_runs import ROOT
from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.schema.registry import DESIGN_PATTERNS, STRATEGIES

README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_flag_is_in_the_table_and_none_besides():
    real = {flag for action in parser()._actions for flag in action.option_strings}

    listed = {cell.split()[0] for cell in re.findall(r"^\| `(--[^`]+)`", README, re.MULTILINE)}

    assert listed == real - {"-h"}


def test_every_pattern_and_strategy_is_listed():
    text = README.split("## The parts")[1]

    listed = set(re.findall(r"^\| `([a-z_]+)`", text, re.MULTILINE))

    assert set(DESIGN_PATTERNS.schemas) | set(STRATEGIES.schemas) <= listed


def test_every_folder_of_configurations_is_listed():
    folders = {folder.name for folder in (ROOT / "configurations").iterdir()}

    assert folders == set(re.findall(r"\]\(configurations/([a-z_]+)\)", README))


def test_links_to_files_lead_somewhere():
    links = re.findall(r"\]\((?!https?://|#)([^)]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def steps():
    """The method of the worked example after each of its steps."""
    first, strategy, phase, views, view, borrowed = map(json.loads, blocks("json"))
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


def test_the_worked_example_ends_as_the_quickstart():
    quickstart = json.loads((ROOT / "configurations/quickstart/quickstart.json").read_text())

    *_, last = steps()

    about = {"$schema", "name", "description", "references"}
    assert {k: v for k, v in last.items() if k not in about} == {
        k: v for k, v in quickstart.items() if k not in about
    }
