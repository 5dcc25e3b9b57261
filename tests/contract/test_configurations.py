"""Every method file that comes with the project is sound, and runs."""

import csv
import json
import os
import tempfile
from collections import Counter
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

import dcrf
from dcrf.builder import data_sources
from dcrf.cli.find_files import ROOT
from dcrf.config import load_checked
from dcrf.config.extends import is_abstract, read
from dcrf.config.file_names import clean_name
from dcrf.data.sources.load import open_data
from dcrf.data.sources.raw_data import NO_ARRAYS
from dcrf.dry_run.check_method import check
from dcrf.dry_run.shapes import sample_shapes
from dcrf.reporting.writers import NO_WRITER
from dcrf.runs.evaluate_run import evaluate_run
from dcrf.runs.one_run import run_in_memory
from dcrf.runs.trained_run import open_run
from dcrf.schema.generate import EDITOR
from dcrf.schema.registry import KINDS, SCHEMA
from tests.cases.methods import (
    class_folders,
    fake_mnist,
    fake_newsgroups,
    fake_usps,
    method,
    result,
)

FOLDER = ROOT / "configurations"
CASES = ROOT / "tests" / "cases" / "design_patterns"
ALL_FILES = sorted(FOLDER.rglob("*.json"))
FILES = [file for file in ALL_FILES if not is_abstract(file)]
CONTENTS = {file: json.loads(file.read_text()) for file in FILES}

EXTRAS = ("umap",)
"""Clustering steps, and packages of the same names, that an extra installs."""


SLOW = {"taxonomy_case_study_kld_coil20", "taxonomy_case_study_km_coil20"}
"""Files whose images of 128 x 128 pixels go through convolutions; those of MNIST are quick."""

CLASSES = 530
"""Classes of the fakes of data that do not come with the project; facescrub has as many."""

LFW_CLASSES = 5749

KEYS_OF_PARTS = {*(registry.key for registry in KINDS.values()), "type", "method"}


def extras_of(file):
    return [extra for extra in EXTRAS if f'"type": "{extra}"' in file.read_text()]


def tried(file, is_slow=False):
    """A file; one that needs an extra is slow, since it compiles, and skipped without the extra.

    Args:
        file: of a method.
        is_slow: for another reason.
    """
    needed = extras_of(file)
    missing = [extra for extra in needed if find_spec(extra) is None]
    marks = [pytest.mark.slow] if needed or is_slow else []
    marks += [pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")]
    return pytest.param(file, marks=marks, id=file.stem)


def parts_and_keys(value):
    """Yield the keys of a method, the parts that it names, and what it turns on and off."""
    if isinstance(value, list):
        for inner in value:
            yield from parts_and_keys(inner)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key in KEYS_OF_PARTS or isinstance(inner, bool):
                yield key, str(inner)
            yield from parts_and_keys(inner)


def covering(files):
    """Few files that together have every part and key of all of them, found greedily."""
    of_file = {file: {*parts_and_keys(read(file).data)} for file in files}
    left, chosen = set().union(*of_file.values()), []
    while left:
        chosen.append(max(of_file, key=lambda file: len(of_file[file] & left)))
        left -= of_file[chosen[-1]]
    return chosen


every_file = pytest.mark.parametrize("file", [*map(tried, FILES)])


@pytest.fixture(scope="module")
def fake_root(tmp_path_factory):
    return fake_newsgroups(fake_usps(fake_mnist(tmp_path_factory.mktemp("data"))))


@cache
def loaded(file):
    """The method of a file, which every test of it may read."""
    return load_checked(file, replaced_data(file), shapes_of=sample_shapes)


def replaced_data(file):
    """The settings that replace data which do not come with the project by fakes of their shape."""
    if (name := missing_data(file)) is None:
        return []
    number = len(CONTENTS[file]["datasets"])
    classes = LFW_CLASSES if name == "lfw" else CLASSES
    path = fake_spectrograms() if name == "timit" else fake_classes(classes)
    return [f"datasets[{index}].path={path}" for index in range(number)]


def missing_data(file):
    """The folder of the data of a file that do not come with the project, None if they do."""
    text = file.read_text()
    return next((name for name in FOLDERS if f"datasets/{name}" in text), None)


@cache
def fake_classes(number):
    """A folder of classes with one image each."""
    return class_folders(Path(tempfile.mkdtemp(dir=FAKE_DATA.name)) / "images", number)


@cache
def fake_spectrograms():
    file = Path(FAKE_DATA.name) / "spectrograms.npz"
    images = np.zeros((630, 128, 128), np.uint8)
    images[:] = np.random.default_rng(0).integers(256, size=(128, 128))
    np.savez(file, spectrograms=images, speakers=np.arange(630))
    return file


FAKE_DATA = tempfile.TemporaryDirectory()
FOLDERS = ("cifar100", "flowers102", "cars", "sun397", "lfw", "coil100", "tiny_imagenet", "cub200")
FOLDERS += ("facescrub", "timit")
"""Folders of data that do not come with the project."""


def short(file, root):
    """The settings that make a run short: fake or few data."""
    content = loaded(file).filled
    settings = [
        f"datasets[{index}].root={root}"
        for index, dataset in enumerate(content["datasets"])
        if "root" in dataset
    ]
    for index, dataset in enumerate(content["datasets"]):
        path = f"datasets[{index}]"
        if "class_problems" in dataset:
            settings += [f"{path}.class_problems.num_problems=2", f"{path}.batch_size=2"]
            continue
        if "num_problems" in dataset:
            settings += [f"{path}.num_problems=2", f"{path}.batch_size=2"]
        first, last = (
            (60, 119) if "path" in dataset else (0, 199)
        )  # files may hold classes in order
        if "path" in dataset or "index_of_last_sample_to_use" in dataset:
            settings += [
                f"{path}.index_of_first_sample_to_use={first}",
                f"{path}.index_of_last_sample_to_use={last}",
            ]
    for phase, content_of in enumerate(content["phases"]):
        for index, pattern in enumerate(content_of.get("design_patterns", ())):
            if "path" in pattern:  # its indices go beyond the few samples
                few = CASES / f"{pattern['pattern']}.csv"
                settings.append(f"phases[{phase}].design_patterns[{index}].path={few}")
    return replaced_data(file) + settings


def quick(value, key=""):
    """A method whose clusterings start once, and whose phases are evaluated at once, if at all."""
    if isinstance(value, dict):
        return {name: quick(inner, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [quick(inner) for inner in value]
    return 1 if key in ("num_restarts", "performance_evaluation_interval") else value


def test_no_file_is_missed():
    found = [Path(folder, name) for folder, _, names in os.walk(FOLDER) for name in names]

    assert FILES
    assert sorted(file for file in found if file.suffix == ".json") == ALL_FILES


HERE = [file for file in FILES if missing_data(file) is None]
ON_FAKES = [file for file in FILES if missing_data(file) in ("cifar100", "timit")]
"""Of the files whose data are missing, which differ in little else, one for images and one more."""
COVERING = covering([f for f in HERE if f.stem not in SLOW and not extras_of(f)])


@pytest.mark.parametrize("file", [tried(file, file not in (*HERE, *ON_FAKES)) for file in FILES])
def test_it_is_valid_and_can_be_built(file):
    config = loaded(file)

    check(config)
    assert config.notes == ()
    assert config.warnings == ()


@pytest.mark.parametrize("file", [tried(file, file not in COVERING) for file in HERE])
def test_it_runs(file, fake_root, tmp_path, monkeypatch):
    """In this process, which has torch already: other tests run files by the command line.

    A file is slow if files that are not have all of its parts.
    """
    content, settings = quick(loaded(file).filled), short(file, fake_root)
    options = {"device": "cpu", "max_iterations": 2}
    ran_once = dcrf.run(content, settings=settings, output_dir=tmp_path, **options)
    folder = ran_once.folder
    found = result(folder)

    config = loaded(file)
    least = 0 if config.datasets[-1].has_problems else -1  # -1 is no object of a set, but noise
    ran = [(dataset.name, phase) for dataset in config.datasets for phase in dataset.phases]
    assert [(phase["dataset"], phase["phase"]) for phase in found["phases"]] == ran
    assert {phase["iteration"] for phase in found["phases"]} <= {1, 2}
    assert found["datasets"][-1]["dataset"] == config.datasets[-1].name
    evaluation = found["datasets"][-1]["evaluation"]
    assert 0 < evaluation["acc"] <= 1
    # opened again, it gives the same clusters
    again, clusters = evaluate_run(open_run(folder))
    assert again.scores["acc"] == evaluation["acc"]
    assert clusters[clusters >= least].tolist() == written_clusters(folder, config)
    if not ran_once.label_informed:
        check_that_other_labels_train_alike(ran_once, monkeypatch)


def check_that_other_labels_train_alike(ran_once, monkeypatch):
    """Train again with permuted labels: no trained weight, cluster or end of a phase changes."""

    def with_permuted_labels(*arguments, **named):
        raw = open_data(*arguments, **named)
        if raw.labels is None:
            return raw
        return replace(raw, labels=np.random.default_rng(0).permutation(raw.labels))

    methods, clusters_of = {}, {}

    def keep(dataset, method, clusters, steps):
        methods[dataset], clusters_of[dataset] = method, clusters

    with monkeypatch.context() as patch:
        patch.setattr(data_sources, "open_data", with_permuted_labels)
        again = run_in_memory(
            ran_once.config, ran_once.seed, NO_ARRAYS, NO_WRITER, keep, shows_lines=False
        )

    assert again.outcome.phases == ran_once.phases
    assert methods.keys() == ran_once.methods.keys()
    for dataset, trained in methods.items():
        assert np.array_equal(clusters_of[dataset], ran_once.clusters.get(dataset))
        state, before = trained.state_dict(), ran_once.methods[dataset].state_dict()
        assert state.keys() == before.keys()
        assert [name for name in state if not same(state[name], before[name])] == []


def test_the_check_finds_labels_that_end_a_phase(monkeypatch):
    content = method()
    content["phases"][1]["exit_criteria"]["performance_evaluation_acc_gt"] = 0.25
    ran_once = dcrf.run(content)
    assert ran_once.label_informed
    assert ran_once.phases[1].iteration == 2

    with pytest.raises(AssertionError):
        check_that_other_labels_train_alike(ran_once, monkeypatch)


def same(one, other):
    """Whether two values of a state are equal, also where they are NaN."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one.nan_to_num(), other.nan_to_num())
    return repr(one) == repr(other)


def written_clusters(folder, config):
    """The clusters that a run has written for its last data set."""
    file = folder / "clusters" / f"{clean_name(config.datasets[-1].name)}.csv"
    rows = csv.DictReader(file.read_text().splitlines())
    return [int(row["cluster"]) for row in rows]


@every_file
def test_it_tells_editors_and_people_what_it_is(file):
    content = CONTENTS[file]

    assert (file.parent / content["$schema"]).resolve() == SCHEMA / EDITOR
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
