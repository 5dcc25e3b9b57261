import torch

from tests.cases.tiny import CASES, World

INDICES = torch.tensor([4, 9, 3, 20])  # with 2, 1, 1 and 3 clusters


def test_it_is_the_cross_entropy_of_the_known_numbers():
    world = World(CASES["cluster_count"])
    batch = world.batch(INDICES)
    log_p = world.mappings["count"](batch.samples).log_softmax(dim=1)

    expected = -log_p[torch.arange(4), torch.tensor([1, 0, 0, 2])].mean()

    torch.testing.assert_close(world.pattern(batch)["count"], expected)
