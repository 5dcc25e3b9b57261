import pytest
import torch
from torch import nn

from dcrf.assignment.set_partition import SetPartition
from dcrf.errors import OutputShapeError
from dcrf.mappings.layers.pool_objects import PoolObjects
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import global_seed

K = 3
SETS = torch.randn(4, 5, 2, generator=torch.Generator().manual_seed(0))


def partitioner(count_width=K, index_width=6, n_clusters=K):
    with global_seed(0):
        count = TrainableMapping([PoolObjects(by="mean"), nn.Linear(2, count_width)])
        index = TrainableMapping([nn.Linear(2, index_width)])
    return SetPartition(count=count, index=index, n_clusters=n_clusters), count, index


def test_objects_are_in_their_most_probable_cluster_of_the_most_probable_number():
    strategy, count, index = partitioner()
    starts = [0, 1, 3]
    expected = []
    for logits, objects in zip(count(SETS), index(SETS), strict=True):
        k = int(logits.argmax())
        block = objects[:, starts[k] : starts[k] + k + 1]
        expected.append(block.argmax(dim=1))

    assert torch.equal(strategy.clusters(SETS), torch.stack(expected))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_number_of_clusters_can_be_given(k):
    strategy, _, index = partitioner()
    blocks = index(SETS).split([1, 2, 3], dim=2)

    given = strategy.given(SETS, torch.full((4,), k))

    torch.testing.assert_close(given[..., :k], blocks[k - 1].log_softmax(dim=2))
    assert given[..., k:].isneginf().all()


def test_the_counts_are_a_distribution_whether_or_not_a_softmax_comes_last():
    strategy, count, _ = partitioner()
    torch.testing.assert_close(
        strategy.count_log_probabilities(SETS), count(SETS).log_softmax(dim=1)
    )

    count.net.append(nn.Softmax(dim=1))
    torch.testing.assert_close(strategy.count_log_probabilities(SETS).exp(), count(SETS))


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        ({"count_width": 4}, r"logits of a set .* num_clusters, 3: .* \(4, 3\), not \(4, 4\)"),
        ({"index_width": 5}, r"logits of an object .* 6: .* \(4, 5, 6\), not \(4, 5, 5\)"),
        ({"n_clusters": 2}, r"num_clusters, 2"),
    ],
)
def test_mappings_of_another_width_are_refused(widths, words):
    strategy, *_ = partitioner(**widths)

    with pytest.raises(OutputShapeError, match=words):
        strategy(SETS)


def test_it_owns_no_parameters():
    strategy, *_ = partitioner()

    assert strategy.owned() is None
    assert not list(strategy.parameters())
    assert strategy.features(SETS).shape == (4, K)
