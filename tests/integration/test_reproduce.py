"""The command `dcrf reproduce` runs shipped methods, and continues where it stopped."""

import json
from pathlib import Path
from time import monotonic

import pytest

from dcrf.cli.commands import main
from dcrf.cli.reproduce import ReproducedRuns
from dcrf.reproduction.entries import Reproduction
from dcrf.reproduction.figures import Figure
from tests.cases.methods import fake_usps, method

NAME = "fixed_representatives_km1_usps"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "usps").mkdir()
    return fake_usps(folder / "usps").parent


def reproduce(data, folder, capsys, *words):
    """The exit code and the output of the command with short phases."""
    capsys.readouterr()
    flags = ["--data", data, "--output_dir", folder, "--max_iterations", 2, "--device", "cpu"]
    code = main(["reproduce", *map(str, [*words, *flags, "--quiet"])])
    return code, capsys.readouterr().out


def results(folder):
    return sorted(Path(folder).rglob("result.json"))


def test_seeds_run_once_and_are_compared(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, one = reproduce(data, tmp_path, capsys, NAME, "--seeds", "1")
    first = results(tmp_path)
    assert (code, len(first)) == (0, 1)
    assert "no test below 2 seeds" in one
    before = first[0].stat().st_mtime_ns

    _, two = reproduce(data, tmp_path, capsys, NAME, "--seeds", "2")
    assert len(results(tmp_path)) == 2
    assert first[0].stat().st_mtime_ns == before

    scores = [json.loads(file.read_text())["datasets"][0]["evaluation"] for file in first]
    assert f"{scores[0]['acc']:.3f} (n=1)" in one
    assert "seeds: 0, 1" in two
    assert "shortened to 2 iterations" in two

    _, listed = reproduce(data, tmp_path, capsys, "--list")
    states = {line.split()[0]: line for line in listed.splitlines()}
    assert states[NAME].endswith("2 of 10 seeds")
    assert states["dec_mnist"].endswith("not run")


def test_a_mistake_of_the_user_is_named(tmp_path, capsys):
    assert main(["reproduce"]) == 2
    assert main(["reproduce", "dec_mist"]) == 2
    errors = capsys.readouterr().err
    assert "name a reproduction; --list shows all" in errors
    assert "did you mean 'dec_mnist'?" in errors


def test_missing_data_are_named(tmp_path, capsys):
    code = main(["reproduce", NAME, "--data", str(tmp_path), "--output_dir", str(tmp_path / "r")])

    assert code == 2
    assert str(tmp_path / "usps") in capsys.readouterr().err


def tiny(folder, **phase):
    """A reproduction of a method on digits."""
    content = method()
    content["phases"][1] |= phase
    file = folder / "tiny.json"
    file.write_text(json.dumps(content))
    figure = Figure({"acc": 0.5}, "a method", "a paper", "R")
    return Reproduction("tiny", str(file), 1, "digits", (figure,))


def test_a_run_stops_when_the_time_is_over_and_resumes(tmp_path, capsys):
    endless = tiny(tmp_path, exit_criteria={"iterations": 10**6})
    runs = ReproducedRuns(endless, tmp_path / "runs", device="cpu", is_quiet=True)

    assert runs.run(0, monotonic() + 2) == 0
    assert runs.finished() == {}
    assert "timed out" in capsys.readouterr().out
    (checkpoint, *_) = runs.folder.rglob("checkpoints/*/")

    assert checkpoint.is_dir()
    assert runs.run(0, monotonic() + 2) == 0
    assert "timed out" in capsys.readouterr().out
    assert len([*runs.folder.glob("tiny/*/")]) == 1  # the same run
