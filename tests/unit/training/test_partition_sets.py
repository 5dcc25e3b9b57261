import numpy as np
import pytest
import torch
from torch import nn

from dcrf.assignment.set_partition import SetPartition
from dcrf.batch import Batch, DatasetPass
from dcrf.errors import DivergedError
from dcrf.evaluation.metrics.acc import Acc
from dcrf.mappings.layers.pool_objects import PoolObjects
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import global_seed
from dcrf.training.partition_sets import partition_sets

SETS = torch.randn(4, 5, 2, generator=torch.Generator().manual_seed(0))
KNOWN = np.array([[0, 0, 1, 1, -1], [0, 1, 2, 0, 1], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1]])


def partitioned(known=KNOWN, scale=1.0):
    with global_seed(0):
        count = TrainableMapping([PoolObjects(by="mean"), nn.Linear(2, 3)])
        index = TrainableMapping([nn.Linear(2, 6)])
    index.net[0].weight.data *= scale
    strategy = SetPartition(count=count, index=index, n_clusters=3)
    data_pass = DatasetPass(4, lambda f, indices: f(Batch(indices, SETS[indices])))
    with torch.no_grad():
        sets = partition_sets(strategy, data_pass, torch.arange(4), known, {"acc": Acc()})
    return sets, count, index


def test_a_set_has_a_partition_for_every_number_of_clusters():
    sets, count, index = partitioned()
    blocks = index(SETS).split([1, 2, 3], dim=2)

    for place, one in enumerate(sets):
        n = 4 if place == 0 else 5  # an object fills up the first set
        expected = [block[place, :n].argmax(dim=1).tolist() for block in blocks]
        assert one.partitions.tolist() == expected
        assert one.objects.tolist() == SETS[place, :n].tolist()
        assert one.known.tolist() == KNOWN[place, :n].tolist()
        assert one.n_clusters == int(count(SETS)[place].argmax()) + 1
        assert one.clusters.tolist() == expected[one.n_clusters - 1]
        assert one.probabilities.sum() == pytest.approx(1)
    assert [one.known_n_clusters for one in sets] == [2, 3, 1, 2]


def test_every_partition_is_scored():
    (first, *_), _, _ = partitioned()

    assert first.scores["acc"][0] == 0.5  # one cluster
    assert first.scores["acc"] == tuple(Acc()(first.known, own) for own in first.partitions)


def test_a_set_without_a_known_partition_has_no_scores():
    (first, *_), _, _ = partitioned(known=None)

    assert first.known is first.known_n_clusters is None
    assert len(first.objects) == 5
    assert not first.scores


def test_nan_is_divergence():
    with pytest.raises(DivergedError):
        partitioned(scale=float("nan"))
