"""Every method file that comes with the project is sound, and runs."""

import json
import os
from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

import dcrf
from dcrf.cli.find_files import ROOT
from dcrf.config import load_checked
from dcrf.config.extends import is_abstract
from dcrf.dry_run.check_method import check
from tests.cases.methods import fake_mnist, fake_newsgroups, fake_usps, result

FOLDER = ROOT / "configurations"
ALL_FILES = sorted(FOLDER.rglob("*.json"))
FILES = [file for file in ALL_FILES if not is_abstract(file)]
CONTENTS = {file: json.loads(file.read_text()) for file in FILES}

EXTRAS = ("umap",)
"""Clustering steps, and packages of the same names, that an extra installs."""


def tried(file):
    """A file; one that needs an extra is slow, since it compiles, and skipped without the extra."""
    needed = [extra for extra in EXTRAS if f'"type": "{extra}"' in file.read_text()]
    missing = [extra for extra in needed if find_spec(extra) is None]
    marks = [pytest.mark.slow] if needed else []
    marks += [pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")]
    return pytest.param(file, marks=marks)


every_file = pytest.mark.parametrize(
    "file", [*map(tried, FILES)], ids=[file.stem for file in FILES]
)


@pytest.fixture(scope="module")
def fake_root(tmp_path_factory):
    return fake_newsgroups(fake_usps(fake_mnist(tmp_path_factory.mktemp("data"))))


@cache
def loaded(file):
    """The method of a file, which every test of it may read."""
    return load_checked(file)


def short(file, root):
    """The settings that make a run short: fake or few data, few restarts."""
    content = loaded(file).filled
    settings = [
        f"datasets[{index}].root={root}"
        for index, dataset in enumerate(content["datasets"])
        if "root" in dataset
    ]
    for index, dataset in enumerate(content["datasets"]):
        first, last = (60, 89) if "path" in dataset else (0, 199)  # files may hold classes in order
        if "path" in dataset or "index_of_last_sample_to_use" in dataset:
            settings += [
                f"datasets[{index}].index_of_first_sample_to_use={first}",
                f"datasets[{index}].index_of_last_sample_to_use={last}",
            ]
    strategy = content["cluster_assignment_strategy"]
    return settings + [
        f"cluster_assignment_strategy.{key}=1" for key in strategy if key.endswith("_restarts")
    ]


def test_no_file_is_missed():
    found = [Path(folder, name) for folder, _, names in os.walk(FOLDER) for name in names]

    assert FILES
    assert sorted(file for file in found if file.suffix == ".json") == ALL_FILES


@every_file
def test_it_is_valid_and_can_be_built(file):
    config = loaded(file)

    check(config)
    assert config.notes == ()
    assert config.warnings == ()


@every_file
def test_it_runs(file, fake_root, tmp_path):
    """In this process, which has torch already: other tests run files by the command line."""
    settings, options = short(file, fake_root), {"device": "cpu", "max_iterations": 2}
    found = result(dcrf.run(file, settings=settings, output_dir=tmp_path, **options).folder)

    config = loaded(file)
    ran = [(dataset.name, phase) for dataset in config.datasets for phase in dataset.phases]
    assert [(phase["dataset"], phase["phase"]) for phase in found["phases"]] == ran
    assert {phase["iteration"] for phase in found["phases"]} <= {1, 2}
    assert found["datasets"][-1]["dataset"] == config.datasets[-1].name
    assert 0 < found["datasets"][-1]["evaluation"]["acc"] <= 1


@every_file
def test_it_tells_editors_and_people_what_it_is(file):
    content = CONTENTS[file]

    if "extends" in content:  # the schema would ask for keys that the other file has
        assert "$schema" not in content
    else:
        assert (file.parent / content["$schema"]).resolve() == ROOT / "schema" / "method.json"
    assert content["description"].endswith(".")
    assert content["references"]
    assert all(reference.startswith("https://") for reference in content["references"])


@every_file
def test_it_is_called_what_it_is(file):
    assert CONTENTS[file]["name"] == file.stem
    assert file.parent.name == "quickstart" or file.stem.startswith(f"{file.parent.name}_")


@pytest.mark.parametrize("file", sorted({*ALL_FILES} - {*FILES}), ids=lambda f: f.stem)
def test_an_abstract_file_is_the_base_of_others(file):
    bases = [
        os.path.normpath(heir.parent / content["extends"])
        for heir, content in CONTENTS.items()
        if "extends" in content
    ]

    assert str(file) in bases
    assert json.loads(file.read_text())["description"].endswith(".")


def test_names_belong_to_one_file_each():
    names = Counter(content["name"] for content in CONTENTS.values())

    assert set(names.values()) == {1}


def test_there_is_a_quickstart():
    assert list((FOLDER / "quickstart").glob("*.json"))
