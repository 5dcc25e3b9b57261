"""Every data source is one stem and keeps the promises of `dcrf.data.sources.base`."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.datasets.folder import IMG_EXTENSIONS

import dcrf
from dcrf.batch import Clock
from dcrf.data.sources.load import open_data, outline_data, problem_maker
from dcrf.errors import ConfigError, DataError
from dcrf.schema.registry import SOURCES
from tests.cases.sources import checked, handed_over, smallest_entry

PACKAGE = Path(dcrf.__file__).parent
TESTS = Path(__file__).parents[1]
SHARED_MODULES = ("base", "load", "outline", "provenance", "raw_data", "arrays", "tables")
SHARED_MODULES = ("base", "load", "outline", "raw_data", "arrays", "tables", "table_encoding")

every_source = pytest.mark.parametrize("stem", SOURCES.schemas)
OF_PROBLEMS = [s for s, schema in SOURCES.schemas.items() if schema.get("x-batch") == "problems"]
OF_SAMPLES = [stem for stem in SOURCES.schemas if stem not in OF_PROBLEMS]


@pytest.fixture
def smallest(tmp_path, stem):
    """The checked data set of the source's case."""
    return checked(smallest_entry(stem, tmp_path), tmp_path)


@every_source
def test_a_source_is_one_stem(stem):
    source = SOURCES.resolve(stem)

    assert SOURCES.stems[stem] == stem
    assert source.__name__ == "".join(word.capitalize() for word in stem.split("_"))
    assert (TESTS / "unit" / "data" / "sources" / f"test_{stem}.py").exists()
    assert (TESTS / "cases" / "sources" / f"{stem}.json").exists()


@pytest.mark.parametrize("stem", OF_SAMPLES)
def test_the_outline_is_that_of_the_open_data(smallest, stem):
    options = (smallest.source, smallest.dataset, smallest.options)
    arrays = handed_over(stem)
    raw, outline = open_data(*options, arrays=arrays), outline_data(*options, arrays)
    sample = raw.samples[0]
    if not isinstance(sample, Tensor):
        sample = torch.from_numpy(np.array(sample)).movedim(-1, 0)

    assert outline.n_samples == len(raw.samples)
    assert [(e.shape, e.dtype) for e in outline.examples] == [(sample.shape, sample.dtype)]
    assert outline.has_labels == (raw.labels is not None)
    assert outline.notes == raw.notes
    assert raw.labels.dtype == np.int64


@pytest.mark.parametrize("stem", OF_SAMPLES)
def test_the_data_are_the_same_whenever_they_are_opened(smallest, stem):
    options, arrays = (smallest.source, smallest.dataset, smallest.options), handed_over(stem)
    first, second = (open_data(*options, arrays=arrays) for _ in range(2))

    assert np.array_equal(first.labels, second.labels)
    for index in range(len(first.samples)):
        assert np.array_equal(np.asarray(first.samples[index]), np.asarray(second.samples[index]))


@pytest.mark.parametrize("stem", OF_SAMPLES)
def test_new_data_are_encoded_as_the_training_data(smallest, stem):
    options, arrays = (smallest.source, smallest.dataset, smallest.options), handed_over(stem)
    raw = open_data(*options, arrays=arrays)
    has_kind = "x-encoding" in SOURCES.schemas[stem]

    assert (raw.encoding is not None) == has_kind
    if has_kind:
        saved = json.loads(json.dumps(raw.encoding))
        again = open_data(*options, arrays=arrays, encoding=saved)
        assert torch.equal(torch.as_tensor(again.samples), torch.as_tensor(raw.samples))
        assert again.columns == raw.columns
        assert again.encoding == raw.encoding
        for damage in ({}, {"columns": [1]}, {"columns": []}, {"terms": ["a"], "idf": [1, 2]}):
            with pytest.raises(DataError, match="the encoding of the run is damaged"):
                open_data(*options, arrays=arrays, encoding=damage)


def test_one_flag_is_one_option_of_all_sources():
    flags = {}
    for stem in SOURCES.schemas:
        for key, words in SOURCES.properties(stem).items():
            if "x-flag" in words:
                flags.setdefault(words["x-flag"]["name"], set()).add(key)

    assert flags
    assert all(len(keys) == 1 for keys in flags.values())


def test_the_folders_of_images_are_those_that_torchvision_reads():
    assert {*SOURCES.schemas["image_folder"]["x-folder-endings"]} == {*IMG_EXTENSIONS}


@pytest.mark.parametrize("stem", OF_PROBLEMS)
def test_the_outline_is_that_of_the_problems(smallest, stem):
    maker, number = problem_maker(
        smallest.source, smallest.dataset, smallest.options, smallest.num_clusters
    )
    drawn = maker.draw(5, np.random.default_rng(0))
    samples = maker.samples(drawn, "", Clock(1, 1), None)
    outline = outline_data(smallest.source, smallest.dataset, smallest.options)

    assert outline.n_samples == number
    assert [(5, *e.shape) for e in outline.examples] == [tuple(samples.shape)]
    assert samples.shape[:2] == drawn.partition.shape == (5, maker.max_objects)
    assert outline.has_labels


@every_source
def test_constructor_arguments_are_the_keys_of_the_schema(stem):
    parameters = dict(inspect.signature(SOURCES.resolve(stem)).parameters)
    own = {k for k, words in SOURCES.properties(stem).items() if not words.get("x-framework")}
    passes_on = any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    assert next(iter(parameters)) == "dataset"
    assert passes_on == ("x-call" in SOURCES.schemas[stem])
    assert passes_on or parameters.keys() - {"dataset", "arrays"} == own


@pytest.mark.parametrize("stem", OF_SAMPLES)
def test_nothing_is_read_by_the_constructor(stem):
    keys = SOURCES.properties(stem).items()
    paths = {key: "/nowhere" for key, words in keys if "x-input" in words}

    SOURCES.resolve(stem)("anything", **paths)


@every_source
def test_a_missing_file_is_a_problem_of_its_key(smallest, stem, tmp_path):
    keys = SOURCES.properties(stem).items()
    inputs = [key for key, words in keys if "x-input" in words and key in smallest.options]
    for key in inputs:
        entry = smallest_entry(stem, tmp_path) | {key: "no such thing"}
        with pytest.raises(ConfigError) as raised:
            checked(entry, tmp_path)

        (problem,) = raised.value.problems
        assert problem.path == f"$.datasets[0].{key}"
        assert "does not exist" in problem.found


@every_source
def test_a_misspelled_key_is_refused_with_the_right_one(stem, tmp_path):
    if "x-call" in SOURCES.schemas[stem]:
        return  # its keys are arguments of a class, which test_torch_calls.py checks
    entry = smallest_entry(stem, tmp_path) | {"num_workrs": 0}
    with pytest.raises(ConfigError) as raised:
        checked(entry, tmp_path)

    (problem,) = raised.value.problems
    assert (problem.path, problem.remedy) == (
        "$.datasets[0].num_workrs",
        "did you mean 'num_workers'?",
    )


@every_source
def test_samples_are_described_in_the_schema(stem):
    assert SOURCES.schemas[stem]["description"].endswith(".")


@pytest.mark.parametrize("name", ["no_such", "", "load", "base", "os", "image_folders"])
def test_an_unknown_source_is_no_other_source(name):
    for use in (open_data, outline_data):
        with pytest.raises(LookupError):
            use(name, "MNIST", {"root": "."})


def test_shared_modules_name_no_source():
    for module in SHARED_MODULES:
        text = (PACKAGE / "data" / "sources" / f"{module}.py").read_text()

        assert not [s for s in SOURCES.stems if f'"{s}"' in text or f"sources.{s}" in text]
