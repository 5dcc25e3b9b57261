"""What editors show at cursor positions, by the language service of Visual Studio Code."""

import json
import shutil

import pytest

from dcrf.schema.generate import EDITOR
from dcrf.schema.package_data import SCHEMA, SHIPPED
from tests.cases.methods import method
from tests.editor.positions import MODULES, POSITIONS, ask, number_expected, question, wrong

FILES = sorted(SHIPPED.rglob("*.json"))

if shutil.which("node") is None or not (MODULES / "vscode-json-languageservice").is_dir():
    pytest.skip("node or the language service is missing: make editors", allow_module_level=True)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemas")
    return ask([question(position, folder) for position in POSITIONS])


@pytest.mark.parametrize(
    "index", range(len(POSITIONS)), ids=[position["subject"] for position in POSITIONS]
)
def test_the_editor_shows_what_belongs_at_a_position(index, answers):
    assert number_expected(POSITIONS[index])
    assert [*wrong(POSITIONS[index], answers[index])] == []


def test_the_editor_finds_the_schema_of_shipped_files_and_no_mistake_in_them():
    texts = [(file.as_uri(), file.read_text()) for file in FILES]
    texts.append((FILES[0].as_uri(), json.dumps(json.loads(texts[0][1]) | {"sede": 1})))
    *of_files, of_mistake = ask([{"kind": "check", "file": f, "text": text} for f, text in texts])

    assert of_files == [[]] * len(FILES)
    assert of_mistake == ["Property sede is not allowed."]


def test_the_editor_marks_deprecated_keys():
    content = method(training_device="cpu")
    schema = (SCHEMA / EDITOR).as_uri()

    (messages,) = ask([{"kind": "check", "schema": schema, "text": json.dumps(content)}])

    assert messages == ["deprecated; write 'device'"]
