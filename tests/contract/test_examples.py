"""Method files and commands in README and docs are valid as they stand."""

import ast
import json
import re
import shlex
from importlib import import_module
from importlib.util import find_spec

import pytest
from jsonschema import Draft202012Validator

from dcrf.cli import arguments
from dcrf.cli.commands import COMMANDS
from dcrf.cli.find_files import ROOT
from dcrf.config.rules.torch_signatures import check_call
from dcrf.schema.bundle import bundled
from dcrf.schema.package_data import SCHEMA
from dcrf.schema.registry import SOURCES
from tests.cases.methods import method

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
VALIDATOR = Draft202012Validator(json.loads(json.dumps(bundled())))
SPACE = Draft202012Validator(json.loads((SCHEMA / "recombination" / "space.json").read_text()))


def with_dataset(entry):
    """A method whose data set has the keys of an entry; another source keeps shared keys only."""
    base = method()
    (dataset,) = base["datasets"]
    shared = {key: value for key, value in dataset.items() if key in SOURCES.shared_keys}
    kept = shared if {"source", "path"} & entry.keys() else dataset
    return base | {"datasets": [kept | entry]}


def with_phase(entry):
    base = method()
    first, *others = base["phases"]
    return base | {"phases": [first | entry, *others]}


def with_pattern(entry):
    (pattern, *_) = method()["phases"][0]["design_patterns"]
    return with_phase({"design_patterns": [entry if "pattern" in entry else pattern | entry]})


def with_mapping(entry):
    base = method()
    return base | {"mappings": [base["mappings"][0] | entry, *base["mappings"][1:]]}


def with_strategy(entry):
    base = method()
    strategy = base["cluster_assignment_strategy"]
    return base | {"cluster_assignment_strategy": entry if "type" in entry else strategy | entry}


PLACES = {
    "method": lambda entry: method() | entry,
    "data set": with_dataset,
    "table": lambda entry: with_dataset({"source": "csv", "path": "table.csv"} | entry),
    "phase": with_phase,
    "pattern": with_pattern,
    "strategy": with_strategy,
    "mapping": with_mapping,
    "layer": lambda entry: with_mapping({"layers": [entry]}),
}
"""Object of a method file -> a method with an entry in such an object."""


def blocks(language):
    """The blocks of a language in all pages, with the page and their number as id."""
    for page in PAGES:
        found = [text for name, text in BLOCK.findall(page.read_text()) if name == language]
        yield from (
            pytest.param(text, id=f"{page.stem}-{number}") for number, text in enumerate(found, 1)
        )


def parsed(text):
    """The JSON of a block; keys may stand without their object."""
    return json.loads(text if text.lstrip()[0] in "{[" else f"{{{text}}}")


def places_of(entry):
    places = [place for place, put in PLACES.items() if VALIDATOR.is_valid(put(entry))]
    places += ["space of methods"] if SPACE.is_valid(entry) else []
    return [place for place in places if place != "layer" or takes_its_arguments(entry)]


def takes_its_arguments(layer):
    """A schema leaves the arguments of layers to the rules, which see sizes instead of auto."""
    numbers = json.loads(json.dumps(layer).replace('"auto"', "1"))
    given = {key: value for key, value in numbers.items() if key not in ("type", "name")}
    return check_call("layers", layer["type"], given, "$") == []


@pytest.mark.parametrize("text", [*blocks("json")])
def test_every_part_of_a_method_file_is_valid_at_some_place(text):
    entries = parsed(text)
    for entry in entries if isinstance(entries, list) else [entries]:
        assert places_of(entry), entry


def test_a_mistake_in_a_part_of_a_method_file_is_valid_nowhere():
    for entry in ({"type": "mlp", "szies": [2, 3]}, {"sampling": "shufled"}, {"layers": 3}):
        assert places_of(entry) == []


def commands():
    """Every command line in a block of code, without what it prints."""
    for page in PAGES:
        for language, text in BLOCK.findall(page.read_text()):
            lines = text.splitlines()
            if language != "sh":
                lines = [line.strip()[2:] for line in lines if line.strip().startswith("$ ")]
            for line in lines:
                words = shlex.split(line.replace(".venv/bin/", ""), comments=True)
                if words and (words[0] in ("make", "dcrf") or words[0] == "python"):
                    yield pytest.param(words, id=f"{page.stem}: {line[:50].strip()}")


def parser_of(words):
    """The parser of a command of dcrf and the arguments after it; None of another program."""
    if words[:3] == ["python", "-m", "dcrf"]:
        words = words[2:]
    if words[:2] == ["python", "main.py"]:
        return arguments.parser(), words[2:]
    if words[0] == "dcrf":
        module, _ = COMMANDS[words[1]]
        return import_module(module).parser(), words[2:]
    return None, words


@pytest.mark.parametrize("words", [*commands()])
def test_every_command_exists_and_takes_its_flags(words):
    parser, rest = parser_of(words)
    if parser is not None:
        parser.parse_args([word for word in rest if word != "[flags]"])
    elif words[0] == "make":
        makefile = (ROOT / "Makefile").read_text()
        assert all(f"\n{target}:" in makefile for target in words[1:])
    elif words[1] == "-m":
        assert find_spec(words[2])
    else:
        assert words[1] == "-c"
        ast.parse(words[2])


def test_every_command_in_a_sentence_has_known_flags():
    for page in PAGES:
        for code in re.findall(r"`((?:python -m )?dcrf [a-z]+[^`\n]*)`", page.read_text()):
            parser, rest = parser_of(shlex.split(code))
            known = {flag for action in parser._actions for flag in action.option_strings}

            assert {word for word in rest if word.startswith("--")} <= known, code
