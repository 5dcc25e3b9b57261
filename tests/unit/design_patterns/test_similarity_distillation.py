import torch

from dcrf.functional.similarities import similarity_cross_entropy
from tests.cases.tiny import CASES, World

ENTRY = CASES["similarity_distillation"]


def test_it_compares_codes_with_embeddings_of_the_view():
    options = {"degrees_of_freedom": 4, "embedding_degrees_of_freedom": 0.5}
    world = World({**ENTRY, **options, "batch_augmentation_name": "shifted"})
    samples = world.data.views["shifted"][:6]
    codes, embeddings = (world.mappings[name](samples) for name in ("encoder", "head"))

    loss = world.losses(torch.arange(6))["cross_entropy"]

    torch.testing.assert_close(loss, similarity_cross_entropy(codes, embeddings, 4, 0.5))


def test_gradient_reaches_the_encoder_through_the_similarities_of_codes():
    """Its gradient differs from the one through the embeddings alone."""
    world = World(ENTRY, torch.float64)
    encoder = [*world.mappings["encoder"].parameters()]
    samples = world.data.samples[:9]
    codes, embeddings = (world.mappings[name](samples) for name in ("encoder", "head"))
    of_embeddings = torch.autograd.grad(
        similarity_cross_entropy(codes.detach(), embeddings, 20, 1), encoder
    )
    whole = torch.autograd.grad(world.losses(torch.arange(9))["cross_entropy"], encoder)

    assert not torch.allclose(whole[0], of_embeddings[0])
