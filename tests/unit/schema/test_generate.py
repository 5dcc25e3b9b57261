import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dcrf.schema.allowed_names import TABLES
from dcrf.schema.bundle import bundled
from dcrf.schema.generate import (
    EDITOR,
    documents,
    editor_text,
    main,
    stale_files,
    versions,
    write_files,
)
from dcrf.schema.registry import KINDS, SCHEMA

ROOT = Path(__file__).parents[3]
DISPATCH = {f"{kind}.json": registry for kind, registry in KINDS.items()}
every_dispatch_file = pytest.mark.parametrize("file", DISPATCH)


@pytest.fixture(scope="module")
def stale():
    """The stale files, by a process in which no test has changed classes of torch.nn."""
    program = "from dcrf.schema.generate import stale_files; print(*stale_files(), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {Path(line) for line in done.stdout.splitlines()}


@every_dispatch_file
def test_dispatch_files_are_current(file, stale):
    assert SCHEMA / file not in stale


@pytest.mark.parametrize("place", TABLES)
def test_tables_of_names_are_current(place, stale):
    path = SCHEMA / "names" / f"{place}.json"
    made_with = json.loads(path.read_text())["versions"]
    if made_with != versions():
        pytest.skip(f"made with {made_with}, installed are {versions()}")

    assert path not in stale


def test_the_schema_for_editors_is_current():
    assert (SCHEMA / EDITOR).read_text() == editor_text()
    assert json.loads(editor_text()) == bundled()


@every_dispatch_file
def test_dispatch_files_lead_from_every_name_to_the_schema_of_its_component(file):
    registry = DISPATCH[file]
    schema = json.loads(documents()[SCHEMA / file])
    leads = {
        name: branch["then"].get("allOf", [branch["then"]])[0]["$ref"]
        for branch in schema["allOf"]
        for name in branch["if"]["properties"][registry.key]["enum"]
    }

    Draft202012Validator.check_schema(schema)
    assert schema["properties"][registry.key]["enum"] == list(registry.stems)
    assert leads.keys() == registry.stems.keys()
    assert all((SCHEMA / file).is_file() for file in leads.values())


def test_an_entry_without_a_name_means_the_component_with_a_default():
    schema = json.loads(documents()[SCHEMA / "source.json"])
    branches = {b["then"].get("$ref"): b["if"].get("required") for b in schema["allOf"]}

    assert schema["required"] == []
    assert branches == {None: ["source"], "sources/torchvision.json": None}


def test_keys_are_closed_where_every_component_has_the_shared_ones_too():
    schema = json.loads(documents()[SCHEMA / "source.json"])
    closed = [b["then"]["allOf"][1] for b in schema["allOf"] if "allOf" in b["then"]]

    assert closed
    for keys in closed:
        assert {"batch_size", "source", "dataset"} <= keys["properties"].keys()
        assert keys["additionalProperties"] is False


def test_what_was_written_is_current(tmp_path):
    write_files(tmp_path)

    assert stale_files(tmp_path) == []
    assert sorted(tmp_path.rglob("*.*")) == sorted([*documents(tmp_path), tmp_path / EDITOR])


def test_missing_and_changed_files_are_stale(tmp_path):
    write_files(tmp_path)
    missing, changed = tmp_path / "names/layers.json", tmp_path / "design_pattern.json"
    missing.unlink()
    changed.write_text("{}")

    assert stale_files(tmp_path) == [missing, changed]


def test_tables_of_names_that_other_versions_made_are_not_stale(tmp_path):
    write_files(tmp_path)
    table = tmp_path / "names/layers.json"
    table.write_text(json.dumps({"versions": {"torch": "1.0.0", "torchvision": "0.1.0"}}))

    assert stale_files(tmp_path) == []


def test_lines_are_short_or_hold_one_value():
    for path, text in documents().items():
        assert all(len(line) <= 100 or line.count('"') <= 4 for line in text.splitlines()), path


def test_the_command_line_says_which_files_are_stale(capsys):
    stale = stale_files()

    assert main(["--check"]) == (1 if stale else 0)
    assert capsys.readouterr().err.count("is outdated") == len(stale)
