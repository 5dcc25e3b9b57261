import pytest
import torch

from dcrf.functional.set_partitions import co_membership, pair_loss, pair_weights
from tests.cases.tiny import CASES, World

INDICES = torch.tensor([4, 9, 3, 20])


@pytest.mark.parametrize("weighting", ["balanced", "equal"])
def test_it_is_the_weighted_loss_of_the_pairs(weighting):
    world = World({**CASES["co_membership"], "pair_weighting": weighting})
    batch, strategy = world.batch(INDICES), world.strategy
    probabilities = co_membership(
        strategy.count_log_probabilities(batch.samples).exp(),
        strategy.index_log_probabilities(batch.samples).exp(),
    )
    weights = pair_weights(batch.same_share) if weighting == "balanced" else (1, 1)

    torch.testing.assert_close(
        world.pattern(batch)["pairs"], pair_loss(probabilities, batch.partition, weights)
    )


def test_numbers_of_clusters_in_the_known_partition_do_not_matter():
    world = World(CASES["co_membership"])
    batch = world.batch(INDICES)
    before = world.pattern(batch)["pairs"]
    batch.partition.copy_(torch.where(batch.partition >= 0, 5 - batch.partition, -1))

    torch.testing.assert_close(world.pattern(batch)["pairs"], before)
