"""Data sets of arrays that are handed over in Python."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import dcrf
from dcrf.config import load_checked
from dcrf.data.python_arrays import raw_arrays
from dcrf.data.sources.load import open_data, outline_data
from dcrf.dry_run.check_method import check
from dcrf.errors import OptionError
from tests.cases.methods import ENCODER, digits, linear, method, written

SAMPLES = np.random.default_rng(0).normal(size=(60, 64))
LABELS = np.arange(60) % 3
PAIR = {"mine": (SAMPLES, LABELS)}


def memory(**changes):
    entry = {"source": "memory", "dataset": "mine", "batch_size": 20, "num_clusters": 3}
    return {**entry, "batch_augmentations": [{"name": "view", "transforms": []}], **changes}


def tables(*datasets):
    """A method for rows of 64 numbers."""
    return method(mappings=[ENCODER, linear("decoder", 5, 64)], datasets=list(datasets))


def test_the_arrays_of_its_name_are_the_data_set():
    arrays = raw_arrays({**PAIR, "other": SAMPLES[:4]})

    raw = open_data("memory", "mine", {}, first=3, last=8, arrays=arrays)
    assert raw.labels.tolist() == LABELS[3:9].tolist()
    assert np.array_equal(raw.samples, SAMPLES[3:9].astype(np.float32))
    assert outline_data("memory", "other", {}, arrays).has_labels is False


def test_a_method_trains_on_arrays_without_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    result = dcrf.run(tables(memory()), data=PAIR)

    assert result.clusters["mine"].shape == (60,)
    assert result.scores["mine"].keys() == {"acc", "nmi", "ari"}
    assert np.array_equal(result.assign(SAMPLES).argmax(1), result.clusters["mine"])
    assert not list(tmp_path.iterdir())


def test_arrays_without_labels_have_internal_scores():
    result = dcrf.run(tables(memory()), data={"mine": SAMPLES})

    assert "acc" not in result.scores["mine"]
    assert result.scores["mine"]


def test_two_data_sets_may_share_arrays_and_differ_in_samples():
    first = memory(name="a", order=1, index_of_last_sample_to_use=39)
    result = dcrf.run(tables(first, memory(name="b", order=2)), data=PAIR)

    assert {name: len(clusters) for name, clusters in result.clusters.items()} == {"a": 40, "b": 60}


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_images_and_numbers_are_those_of_an_npz_file(tmp_path, kind):
    images = np.random.default_rng(1).integers(0, 255, (60, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", samples=images, labels=LABELS)
    entry = {"batch_size": 20, "num_clusters": 3, "index_of_last_sample_to_use": 59}
    from_file = digits(source="npz", dataset="mine", path=str(tmp_path / "mine.npz"), **entry)
    handed_over = digits(source="memory", dataset="mine", **entry)

    expected = dcrf.run(method(datasets=[from_file]))
    samples = images if kind == "numpy" else torch.from_numpy(images)[:, None]
    result = dcrf.run(method(datasets=[handed_over]), data={"mine": (samples, LABELS)})

    assert json.dumps(result.history) == json.dumps(expected.history)


def test_a_file_on_the_command_line_says_that_it_needs_python(tmp_path):
    config = load_checked(Path(written(tmp_path, tables(memory()))))
    with pytest.raises(dcrf.ConfigError) as raised:
        check(config)

    (problem,) = raised.value.problems
    assert problem.path == "$.datasets[0].source"
    assert "in Python call dcrf.run(method, data={'mine': samples})" in problem.found


def test_missing_arrays_are_named_before_training():
    with pytest.raises(OptionError, match="no arrays are handed over as 'mine', but as 'other'"):
        open_data("memory", "mine", {}, arrays=raw_arrays({"other": SAMPLES}))
    with pytest.raises(dcrf.ConfigError) as raised:
        dcrf.run(tables(memory()), data={"mne": SAMPLES})

    assert {p.path: (p.found, p.remedy) for p in raised.value.problems} == {
        "data['mne']": (
            "no data set of the method reads these arrays",
            "did you mean 'mine'?",
        ),
        "$.datasets[0].dataset": (
            "no arrays are handed over as 'mine', but as 'mne'; did you mean 'mne'?",
            "",
        ),
    }


def test_arrays_that_no_data_set_reads_are_refused():
    with pytest.raises(dcrf.ConfigError) as raised:
        dcrf.run(method(), data=PAIR)

    assert 'write {"source": "memory", "dataset": "mine", ...}' in raised.value.problems[0].remedy


@pytest.mark.parametrize(
    ("samples", "error", "part"),
    [
        (np.where(LABELS[:, None] == 2, np.nan, SAMPLES), dcrf.DataError, "sample 2 has a value"),
        (SAMPLES[:, :7], dcrf.ConfigError, r"\$.mappings\[0\]"),
        (SAMPLES[:9], dcrf.ConfigError, "9 samples are fewer than a batch of 20"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_before_training(samples, error, part):
    with pytest.raises(error, match=part):
        dcrf.run(tables(memory()), data={"mine": samples})
