"""The command `dcrf schema` prints or writes the schema."""

import json

from dcrf.cli.commands import main
from dcrf.schema.bundle import bundled


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
