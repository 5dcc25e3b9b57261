"""What a machine lacks is named before a job runs there."""

from dataclasses import replace
from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.errors import CommandLineError
from dcrf.executors.remote.requirements import new_file_in, requirements_of
from dcrf.runs.job import Job, Output
from tests.cases.methods import ENCODER, method, only_pretraining, written


@pytest.fixture
def needs(tmp_path):
    """The requirements of a job that reads a file."""
    (tmp_path / "table.csv").write_text("a\n1\n")
    data = {
        "source": "csv",
        "dataset": "table",
        "path": "table.csv",
        "batch_size": 1,
        "num_clusters": 1,
    }
    config = load_checked(
        Path(written(tmp_path, method(**only_pretraining(ENCODER), datasets=[data])))
    )
    (tmp_path / "runs").mkdir()
    return requirements_of([Job(config, 0, Output(tmp_path / "runs"), 1)], tmp_path / "runs")


def test_this_machine_meets_them(needs, tmp_path):
    assert needs.unmet() == needs.differences() == []
    assert needs.paths == (tmp_path / "runs", tmp_path / "table.csv")


def test_missing_files_are_named(needs, tmp_path):
    (tmp_path / "table.csv").unlink()

    assert needs.unmet() == [f"it lacks {tmp_path}/table.csv; all machines must share these files"]


def test_a_missing_working_folder_is_named(needs, tmp_path):
    (reason,) = replace(needs, folder=tmp_path / "nowhere").unmet()

    assert reason.startswith(f"it lacks {tmp_path}/nowhere;")


def test_an_output_folder_of_the_same_name_is_another_one(needs, tmp_path):
    (reason,) = replace(needs, written=tmp_path / "runs/.shared.x.tmp").unmet()

    assert reason.startswith(f"it does not see what is written to {tmp_path}/runs;")


def test_other_versions_are_named(needs):
    assert replace(needs, source="other").unmet() == ["its dcrf 0.1.0 has other source files"]
    packages = {**needs.packages, "torch": "0.4"}
    (difference,) = replace(needs, packages=packages).differences()
    assert difference == f"torch {needs.packages['torch']} instead of 0.4"


def test_a_new_output_folder_is_removed_after_an_error(tmp_path):
    folder = tmp_path / "runs"

    def fail():
        with new_file_in(folder) as file:
            assert file.parent == folder
            raise CommandLineError("a worker lacks data")

    with pytest.raises(CommandLineError, match="a worker lacks data"):
        fail()

    assert not folder.exists()


def test_an_output_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "runs").write_text("a file")

    with (
        pytest.raises(CommandLineError, match="runs cannot be written: "),
        new_file_in(tmp_path / "runs"),
    ):
        pass
