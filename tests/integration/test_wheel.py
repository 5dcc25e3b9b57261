"""The wheel holds all that dcrf needs, and nothing else."""

import bz2
import json
import os
import shutil
import subprocess
import sys
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from packaging.requirements import Requirement
from sklearn.datasets import load_digits

import dcrf
from dcrf.cli.find_files import ROOT
from tests.cases.methods import digits, method, written

PACKED = "dcrf/schema/packed.json.bz2"
FOLDERS = ("schema", "configurations", "published")
SOURCES = (
    "dcrf",
    *FOLDERS,
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "README.md",
    "LICENSE",
)
TRAIN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import dcrf
import numpy as np

file = np.load("mine.npz")
from_file = json.load(open("method.json"))
(dataset,) = from_file["datasets"]
in_memory = {**from_file, "datasets": [{**dataset, "source": "memory"}]}
dataset.update(source="npz", path="mine.npz")

result = dcrf.run(in_memory, data={"mine": (file["samples"], file["labels"])}, seed=4)
dcrf.run(from_file, seed=4, output_dir="runs")

clusters = result.assign(file["samples"][:200]).argmax(1)
assert clusters.tolist() == result.clusters["mine"].tolist()
lines = "".join(json.dumps(record) + "\\n" for record in result.history)
print(json.dumps({"file": dcrf.__file__, "history": lines}))
"""
"""Trains on arrays in memory, and on the same arrays in a file."""

COMMAND = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from dcrf.cli.commands import main

raise SystemExit(main())
"""
"""The command `dcrf`, which pip would write."""


def run(folder, *command):
    """Run Python in a folder, without the folder, this checkout or PYTHONPATH on its path."""
    done = subprocess.run(
        [sys.executable, "-I", *map(str, command)],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
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


def test_the_wheel_has_every_module_and_nothing_else(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    modules = {f.relative_to(ROOT).as_posix() for f in (ROOT / "dcrf").rglob("*.py")}

    assert names == modules | {"dcrf/py.typed", PACKED}


def test_the_packed_file_has_every_schema_shipped_method_and_published_result(wheel):
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.json")]
    read = [file for file in files if file.parent.name != "editor"]  # `dcrf schema` prints it

    assert json.loads(bz2.decompress(wheel.read(PACKED))) == {
        file.relative_to(ROOT).as_posix(): json.loads(file.read_text()) for file in read
    }


def test_the_wheel_is_pure_python_and_below_a_megabyte(wheel):
    file = Path(wheel.filename)

    assert file.name == f"dcrf-{dcrf.__version__}-py3-none-any.whl"
    assert file.stat().st_size < 2**20


def test_the_metadata_are_those_of_the_checkout(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_string(wheel.read(name).decode())
    lines = (ROOT / "requirements.txt").read_text().split()
    required = {r.partition(";")[0] for r in metadata.get_all("Requires-Dist") if "extra" not in r}

    assert (metadata["Name"], metadata["Version"]) == ("dcrf", dcrf.__version__)
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    assert set(map(Requirement, required)) == set(map(Requirement, lines))
    assert metadata.get_payload() == (ROOT / "README.md").read_text()


@pytest.mark.slow
def test_the_installed_package_trains_on_arrays_in_memory_as_on_those_of_a_file(wheel, tmp_path):
    folder = tmp_path / "elsewhere"
    wheel.extractall(tmp_path / "site")
    written(folder, method(datasets=[digits(dataset="mine", name="mine")]))
    samples, labels = load_digits(return_X_y=True)
    samples = (samples / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    np.savez(folder / "mine.npz", samples=samples, labels=labels)
    script = tmp_path / "train.py"
    script.write_text(TRAIN)

    output = json.loads(run(folder, script, tmp_path / "site").splitlines()[-1])
    (metrics,) = folder.glob("runs/tiny/*/metrics.jsonl")

    assert output["file"] == str(tmp_path / "site" / "dcrf" / "__init__.py")
    assert output["history"] == metrics.read_text()
    assert len(output["history"].splitlines()) > 4


def test_commands_of_the_installed_package_know_shipped_methods(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(30, 4)))
    script = tmp_path / "command.py"
    script.write_text(COMMAND)

    def command(*words):
        return run(tmp_path, script, tmp_path / "site", *words)

    assert "as in " in command("explain", "target_distribution")
    command("new", "rows.npy", "--clusters", 2, "--method", "dec_usps", "--output", "m.json")
    written = json.loads((tmp_path / "m.json").read_text())

    assert "extends" not in written
    assert [m["name"] for m in written["mappings"]]


@pytest.mark.slow
def test_the_installed_package_looks_for_published_data_in_the_current_folder(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    listed = run(tmp_path, script, tmp_path / "site", "reproduce", "--list")
    usps = "fixed_representatives_km1_usps"

    done = subprocess.run(
        [sys.executable, "-I", script, tmp_path / "site", "reproduce", usps],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "dec_cc_hybrid_mnist " in listed
    assert done.returncode == 2
    assert str(tmp_path / "datasets" / "usps") in done.stderr
