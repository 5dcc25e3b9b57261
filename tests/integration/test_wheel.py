"""The wheel holds all that dcrf needs, and nothing else."""

import shutil
import subprocess
import sys
from email import message_from_string
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

import dcrf
from dcrf.cli.find_files import ROOT
from tests.cases.methods import method, written

SOURCES = (
    "dcrf",
    "schema",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "README.md",
    "LICENSE",
)
TRAIN = """
import sys
sys.path.insert(0, sys.argv[1])
import dcrf
from dcrf.cli.main import main
if __name__ == "__main__":
    assert main([sys.argv[2], "--output_dir", "runs"]) == 0
    print(dcrf.__file__)
"""


def run(folder, *command):
    """Run Python in a folder, without the folder, this checkout or PYTHONPATH on its path."""
    command = [sys.executable, "-I", *map(str, command)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of a copy, since setuptools writes into the folder that it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        path = ROOT / name
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, folder / name)
    offline = ("--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check")
    run(folder, "-m", "pip", "wheel", *offline, "--wheel-dir", "dist", ".")
    (file,) = (folder / "dist").glob("*.whl")
    with ZipFile(file) as archive:
        yield archive


def test_the_wheel_has_every_module_every_schema_and_nothing_else(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    modules = {f.relative_to(ROOT).as_posix() for f in (ROOT / "dcrf").rglob("*.py")}
    schemas = {f.relative_to(ROOT / "schema").as_posix() for f in (ROOT / "schema").rglob("*.json")}

    assert schemas
    assert names == modules | {f"dcrf/schema/files/{schema}" for schema in schemas}


def test_the_metadata_are_those_of_the_checkout(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_string(wheel.read(name).decode())
    lines = (ROOT / "requirements.txt").read_text().split()
    required = {r.partition(";")[0] for r in metadata.get_all("Requires-Dist") if "extra" not in r}

    assert (metadata["Name"], metadata["Version"]) == ("dcrf", dcrf.__version__)
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    assert set(map(Requirement, required)) == set(map(Requirement, lines))
    assert metadata.get_payload() == (ROOT / "README.md").read_text()


def test_the_installed_package_trains_a_method(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    (tmp_path / "elsewhere").mkdir()
    content = written(tmp_path / "elsewhere", method())
    script = tmp_path / "train.py"
    script.write_text(TRAIN)

    output = run(tmp_path / "elsewhere", script, tmp_path / "site", content)

    assert output.split()[-1] == str(tmp_path / "site" / "dcrf" / "__init__.py")
