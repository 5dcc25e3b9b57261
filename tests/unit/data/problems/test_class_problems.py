import numpy as np
import pytest
import torch

from dcrf.batch import Clock
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.problems.class_problems import ClassProblems
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

LABELS = np.repeat(np.arange(6), 4) * 10
"""Classes 0, 10, ..., 50 of four samples."""


def objects(labels=LABELS, **views):
    samples = torch.arange(len(LABELS) * 2).float().reshape(-1, 2)
    return DataSource("few", RawData(samples, labels), None, views, Loading(1), RandomStreams(0))


def problems(classes=(0, 20, 30, 50), numbers=(6, 9), clusters=(1, 3), per_class=2):
    chosen = None if classes is None else np.array(classes)
    return ClassProblems(objects(), chosen, *numbers, *clusters, per_class)


@pytest.fixture
def drawn():
    return problems().draw(200, np.random.default_rng(0))


def test_clusters_are_classes(drawn):
    for indices, partition in zip(drawn.objects, drawn.partition, strict=True):
        labels = LABELS[indices[partition >= 0]]
        clusters = partition[partition >= 0].numpy()
        pairs = {*zip(labels.tolist(), clusters.tolist(), strict=True)}

        assert len({label for label, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
        assert {label for label, _ in pairs} <= {0, 20, 30, 50}
        assert sorted({*clusters.tolist()}) == list(range(len(pairs)))


def test_every_class_has_its_least_number_of_objects(drawn):
    for partition in drawn.partition:
        assert torch.bincount(partition[partition >= 0]).min() >= 2


def test_numbers_of_objects_and_clusters_take_all_values(drawn):
    sizes = (drawn.partition >= 0).sum(1)

    assert {*sizes.tolist()} == {6, 7, 8, 9}
    assert {*(drawn.partition.amax(1) + 1).tolist()} == {1, 2, 3}


def test_objects_that_fill_up_come_last(drawn):
    present = drawn.partition >= 0

    assert (present[:, 1:] <= present[:, :-1]).all()


def test_objects_are_in_random_order(drawn):
    """Both clusters of the first two objects occur."""
    two = drawn.partition[drawn.partition.amax(1) > 0]

    assert 0.2 < (two[:, 0] == two[:, 1]).float().mean() < 0.7


def test_samples_are_those_of_the_data_set():
    maker = problems()
    drawn = maker.draw(5, np.random.default_rng(0))
    samples = maker.samples(drawn, "", Clock(1, 1), None)

    present = drawn.partition >= 0
    torch.testing.assert_close(samples[present][:, 0], 2.0 * drawn.objects[present])
    assert not samples[~present].any()


def test_without_classes_all_are_used():
    assert problems(classes=None).classes.tolist() == [0, 10, 20, 30, 40, 50]


def test_a_class_without_samples_is_an_error():
    with pytest.raises(DataError, match="no sample has the label 7, which classes names"):
        problems(classes=(0, 7))


def test_fewer_classes_than_clusters_are_an_error():
    with pytest.raises(DataError, match="2 classes are fewer than 3 clusters"):
        problems(classes=(0, 10))


def test_samples_without_labels_are_an_error():
    with pytest.raises(DataError, match="it has no labels"):
        ClassProblems(objects(labels=None), None, 6, 9, 1, 3, 2)
