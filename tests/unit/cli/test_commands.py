"""The command `dcrf` finds what its first word names."""

import subprocess
import sys

import pytest

import dcrf
from dcrf.cli.commands import COMMANDS, main
from dcrf.cli.main import main as run_methods


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command(words, capsys):
    assert main(words) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)


def test_a_misspelled_command_gets_a_suggestion(capsys):
    assert main(["predit", "runs"]) == 2
    assert capsys.readouterr().err == "dcrf has no command 'predit'; did you mean 'predict'?\n"
    assert main(["xyz"]) == 2
    assert "dcrf --help lists all commands" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main([command, "--help"])
    assert "usage: " in capsys.readouterr().out


def test_a_misspelled_flag_gets_a_suggestion(capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["predict", "run", "data.csv", "--cluster", "3"])
    assert "unknown flag --cluster; did you mean --clusters?" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dcrf {dcrf.__version__}\n"


def test_run_does_what_main_does(tmp_path, capsys):
    missing = str(tmp_path / "missing.json")
    codes = main(["run", missing]), run_methods([missing])

    assert codes == (2, 2)
    first, second = capsys.readouterr().err.splitlines()
    assert first == second


def test_help_needs_no_torch():
    code = """
import sys
from contextlib import suppress
from dcrf.cli.commands import COMMANDS, main

main(["--help"])
for command in COMMANDS:
    with suppress(SystemExit):
        main([command, "--help"])
    assert "torch" not in sys.modules, command
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
