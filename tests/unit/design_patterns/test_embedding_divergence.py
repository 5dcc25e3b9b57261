import pytest
import torch

from dcrf.functional.set_partitions import embedding_divergence
from tests.cases.tiny import CASES, World

INDICES = torch.tensor([4, 9, 3, 20])


@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_it_is_the_divergence_of_the_softmax_of_the_encoder(margin):
    world = World({**CASES["embedding_divergence"], "margin": margin})
    batch = world.batch(INDICES)
    log_embeddings = world.mappings["encoder"](batch.samples).log_softmax(dim=2)

    torch.testing.assert_close(
        world.pattern(batch)["divergence"],
        embedding_divergence(log_embeddings, batch.partition, margin),
    )
