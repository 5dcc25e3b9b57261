"""The command `dcrf schema` prints or writes the schema."""

import json
from pathlib import Path

from dcrf.cli.commands import main
from dcrf.cli.find_files import method_files
from dcrf.schema.bundle import bundled
from tests.cases.methods import method, written


def test_it_prints_the_schema(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == bundled()


def test_it_writes_the_schema(tmp_path, capsys):
    assert main(["schema", "--output", str(tmp_path / "new")]) == 0
    file = tmp_path / "new" / "dcrf.schema.json"
    assert json.loads(file.read_text()) == bundled()
    assert capsys.readouterr().out.startswith(f"written to {file}; ")


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, capsys):
    (tmp_path / "file").touch()

    assert main(["schema", "--output", str(tmp_path / "file" / "folder")]) == 2
    assert capsys.readouterr().err.startswith("the schema cannot be written: ")


def test_it_writes_the_names_of_a_method_file(tmp_path, capsys):
    file = written(tmp_path, method(), "mine.json")

    assert main(["schema", "--for", str(file)]) == 0
    names = json.loads((tmp_path / "mine.schema.json").read_text())
    assert names["allOf"][0] == {"$ref": "./dcrf.schema.json"}
    assert json.loads((tmp_path / "dcrf.schema.json").read_text()) == bundled()
    assert capsys.readouterr().out.endswith('"$schema": "./mine.schema.json"\n')
    assert method_files(str(tmp_path)) == [Path(file)]


def test_names_of_a_file_that_cannot_be_read_are_an_error(tmp_path, capsys):
    assert main(["schema", "--for", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
