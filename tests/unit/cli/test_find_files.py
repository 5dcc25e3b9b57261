"""Which method files a path on the command line names."""

import json

import pytest

from dcrf.cli.find_files import ROOT, method_files
from dcrf.errors import CommandLineError
from dcrf.runs.run_folder import RunStart, new_run_folder
from tests.cases.methods import method, written


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run_folder(tmp_path):
    """Create a run folder, of a finished run if asked for."""

    def create(number, name="dec", finished=False):
        start = RunStart(None, 1, number)
        folder = new_run_folder(tmp_path / "runs" / name, number, start, method(name=name))
        if finished:
            datasets = [{"dataset": "d", "evaluation": None}]
            result = {"method": name, "seed": 0, "status": "ok", "datasets": datasets, "phases": []}
            (folder / "result.json").write_text(json.dumps(result))
        (folder / "checkpoints/000001").mkdir()
        (folder / "checkpoints/000001/manifest.json").write_text("{}")
        return folder.relative_to(tmp_path)

    return create


def names(files):
    return [str(file) for file in files]


def test_a_folder_names_the_files_directly_in_it_in_name_order(tmp_path):
    for file in ("b.json", "a.json", "deeper/c.json"):
        written((tmp_path / "methods" / file).parent, method(), file.rpartition("/")[2])

    assert names(method_files("methods")) == ["methods/a.json", "methods/b.json"]


def test_a_folder_is_run_without_its_abstract_files(tmp_path):
    written(tmp_path / "methods", method(abstract=True), "base.json")
    written(tmp_path / "methods", {"extends": "base.json"}, "child.json")

    assert names(method_files("methods")) == ["methods/child.json"]
    assert names(method_files("methods/base.json")) == ["methods/base.json"]


def test_a_folder_of_abstract_files_has_no_methods(tmp_path):
    written(tmp_path / "methods", method(abstract=True), "base.json")

    with pytest.raises(CommandLineError, match=r"contains only abstract method files \(base.json"):
        method_files("methods")


def test_a_path_is_also_relative_to_main_py():
    path = "configurations/quickstart"

    assert method_files(path) == sorted((ROOT / path).glob("*.json"))


def test_a_run_folder_names_its_configuration_if_runs_are_resumed(run_folder):
    folder = run_folder(1)

    assert method_files(str(folder), resume=True) == [folder / "config.json"]


def test_a_run_folder_without_resume_is_explained(run_folder):
    folder = run_folder(1)

    with pytest.raises(CommandLineError) as caught:
        method_files(str(folder))

    assert str(caught.value) == (
        f"{folder} is a run folder; add --resume to resume it, "
        f"or name {folder}/config.json to run its method again"
    )


@pytest.mark.parametrize("path", ["runs/dec", "runs"])
def test_a_folder_of_runs_lists_them_unfinished_ones_first(tmp_path, run_folder, path):
    old, finished, new = run_folder(1), run_folder(2, finished=True), run_folder(3)
    (tmp_path / "runs/summary.json").write_text("{}")

    with pytest.raises(CommandLineError) as caught:
        method_files(path, resume=True)

    assert str(caught.value).splitlines() == [
        f"{path} contains runs instead of method files; name the run to resume:",
        f"    {new}",
        f"    {old}",
        f"    {finished} (finished)",
    ]


def test_of_many_runs_the_first_are_listed(run_folder):
    folders = [run_folder(number) for number in range(9)]

    with pytest.raises(CommandLineError) as caught:
        method_files("runs/dec")

    first, *lines = str(caught.value).splitlines()
    assert first.endswith("to resume a run, add --resume and name it:")
    assert lines == [*(f"    {f}" for f in folders[:3:-1]), "    and 4 more"]


def test_a_folder_of_folders_names_those_with_method_files(tmp_path, run_folder):
    run_folder(1)
    written(tmp_path / "outer/inner", method())
    (tmp_path / "outer/empty").mkdir()

    with pytest.raises(CommandLineError, match=r"folders with method files: outer/inner$"):
        method_files("outer")


@pytest.mark.parametrize("path", ["missing.json", "a" * 300])
def test_a_missing_path_is_named_with_the_places_searched(path, tmp_path):
    with pytest.raises(CommandLineError) as caught:
        method_files(path)

    assert str(caught.value) == f"{path} does not exist (looked in {tmp_path} and {ROOT})"


def test_summaries_of_earlier_runs_are_no_method_files(tmp_path):
    for name in ("b.json", "summary.json", "summary-2026-12-01T10-16-31.json", "summary_of.json"):
        (tmp_path / name).write_text("{}")

    assert names(method_files(".")) == ["b.json", "summary_of.json"]
