"""From configuration to a data source."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dcrf.builder.data_sources import open_source
from dcrf.config import load_checked
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams
from tests.cases.methods import digits, fake_mnist, method, written


@pytest.fixture
def opened(tmp_path):
    def opener(content, **options):
        config = load_checked(Path(written(tmp_path, method(datasets=[content]))))
        return open_source(config.datasets[0], RandomStreams(0), "cpu", **options)

    return opener


def first_batch(source, *views):
    return next(source.batches(views))


def test_a_data_set_has_the_samples_labels_and_views_that_the_file_names(opened):
    source = opened(digits(index_of_first_sample_to_use=100))

    clock, batch = first_batch(source, "view")
    assert (source.name, source.n_samples, len(source.labels())) == ("digits", 100, 100)
    assert batch.samples.shape == batch.views["view"].shape == (50, 1, 8, 8)
    assert not torch.equal(batch.samples, batch.views["view"])
    assert (clock.epoch, clock.iteration, clock.epoch_ends) == (1, 1, False)


def test_shuffling_and_batch_size_are_those_of_the_file(opened):
    in_order = first_batch(opened(digits(shuffle=False, batch_size=20)))[1]
    shuffled = first_batch(opened(digits(batch_size=20)))[1]

    assert in_order.indices.tolist() == list(range(20))
    assert shuffled.indices.tolist() != list(range(20))


@pytest.mark.parametrize(("drop_last", "expected"), [(True, [120]), (False, [120, 80])])
def test_an_incomplete_batch_is_dropped_if_the_file_says_so(opened, drop_last, expected):
    source = opened(digits(batch_size=120, drop_last=drop_last))

    sizes = []
    for clock, batch in source.batches():
        if clock.epoch > 1:
            break
        sizes.append(len(batch.indices))
    assert sizes == expected


@pytest.mark.parametrize(
    ("keys", "note"),
    [
        ({}, "the last 80 of 200 samples (40 %) are in no training batch"),
        ({"shuffle": True}, None),
        ({"drop_last": False}, None),
        ({"batch_size": 50}, None),
    ],
    ids=str,
)
def test_samples_in_no_training_batch_are_noted(opened, keys, note):
    notes = opened(digits(**{"batch_size": 120, "shuffle": False, **keys})).notes

    assert [text.split(" (batch_size")[0] for text in notes] == ([note] if note else [])


@pytest.mark.parametrize(("shuffle", "has_note"), [(False, True), (True, False)])
def test_samples_sorted_by_class_are_noted(opened, tmp_path, shuffle, has_note):
    labels = np.repeat(np.arange(10), 20)
    np.savez(tmp_path / "sorted.npz", samples=np.zeros((200, 8, 8), np.uint8), labels=labels)
    data = {**digits(), "source": "npz", "dataset": "sorted", "path": "sorted.npz"}
    del data["index_of_last_sample_to_use"]

    source = opened({**data, "batch_size": 20, "shuffle": shuffle})

    assert [note.split(":")[0] for note in source.notes] == ["samples are sorted by class"] * (
        has_note
    )


def test_batches_are_not_noted_without_training(opened):
    assert opened(digits(batch_size=120, shuffle=False), is_trained_on=False).notes == ()


def test_transforms_make_the_default_view(opened):
    to_size = [{"type": "Resize", "size": 4}, {"type": "ToTensor"}]
    source = opened(digits(transforms=to_size))

    assert first_batch(source)[1].samples.shape == (50, 1, 4, 4)


def test_parts_stand_behind_one_another(opened, tmp_path):
    fake_mnist(tmp_path, 30)
    content = digits(dataset="MNIST", root=".", parts=[{"train": True}, {"train": False}])
    for key in ("source", "index_of_last_sample_to_use"):
        del content[key]

    source = opened(content)

    assert source.n_samples == len(source.labels()) == 60
    assert first_batch(source)[1].samples.shape == (50, 1, 28, 28)


def test_a_range_outside_the_data_is_an_error_with_its_name(opened):
    with pytest.raises(DataError, match="load_digits"):
        opened(digits(index_of_last_sample_to_use=5000))


def test_fewer_samples_than_clusters_can_be_opened(opened):
    assert opened(digits(num_clusters=201)).n_samples == 200


def test_labels_that_are_side_targets_are_not_those_of_evaluations(opened):
    labels, source = opened(digits()).labels(), opened(digits(side_targets="labels"))
    indices = torch.tensor([7, 0, 150])

    assert source.labels() is None
    targets = source.side_targets(indices)
    assert targets.values.tolist() == labels[indices].tolist()
    assert targets.n_classes == 10


def test_side_targets_of_a_file_leave_the_labels_to_evaluations(opened, tmp_path):
    np.save(tmp_path / "heights.npy", np.arange(1797.0))
    entry = digits(side_targets={"path": "heights.npy", "kind": "numbers"})
    source = opened({**entry, "index_of_first_sample_to_use": 100})

    assert len(source.labels()) == 100
    assert source.side_targets(torch.tensor([3, 0])).values.tolist() == [[103], [100]]
    assert next(source.batches())[1].targets is None


@pytest.mark.parametrize(
    ("size", "entry", "words"),
    [
        (10, {"path": "t.npy"}, "digits: side_targets: 10 targets; expected .* 200 or more"),
        (200, {"path": "t.npy", "key": "t"}, "digits: side_targets: .*remove key"),
    ],
)
def test_side_targets_that_do_not_fit_are_an_error(opened, tmp_path, size, entry, words):
    np.save(tmp_path / "t.npy", np.zeros(size, int))

    with pytest.raises(DataError, match=words):
        opened(digits(side_targets=entry))


def test_side_targets_need_labels_if_they_are_labels(opened, tmp_path):
    np.save(tmp_path / "samples.npy", np.zeros((60, 4), np.float32))
    entry = {"source": "npy", "path": "samples.npy", "batch_size": 5, "num_clusters": 2}
    entry["batch_augmentations"] = [{"name": "view", "transforms": []}]

    with pytest.raises(DataError, match="samples: side_targets: the data set has no labels"):
        opened({**entry, "side_targets": "labels"})


def test_a_data_set_without_side_targets_has_none(opened):
    with pytest.raises(DataError, match="data set digits has no side targets"):
        opened(digits()).side_targets(torch.tensor([0]))


def test_changed_side_targets_are_changed_data(opened, tmp_path):
    def source(*classes):
        np.save(tmp_path / "t.npy", np.resize(classes, 1797))
        return opened(digits(side_targets={"path": "t.npy"}))

    before = source(0, 1).fingerprint()

    assert source(0, 1).changes_since(before) == []
    assert source(1, 0).changes_since(before) == ["the side targets differ"]
