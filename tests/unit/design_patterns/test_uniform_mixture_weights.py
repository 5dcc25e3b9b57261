import pytest
import torch

from tests.cases.tiny import CASES, World


def test_it_is_the_mean_square_of_differences_from_equal_weights():
    world = World(CASES["uniform_mixture_weights"])
    world.strategy.mixture.logits.data = torch.tensor([0.2, 0.3, 0.5]).log()
    expected = sum((weight - 1 / 3) ** 2 for weight in (0.2, 0.3, 0.5)) / 3

    assert world.losses(torch.arange(2))["distance"].item() == pytest.approx(expected)


def test_training_makes_the_weights_equal():
    world = World(CASES["uniform_mixture_weights"])
    mixture = world.strategy.mixture
    optimizer = torch.optim.SGD(mixture.parameters(), lr=5.0)
    for _ in range(200):
        optimizer.zero_grad()
        world.losses(torch.arange(2))["distance"].backward()
        optimizer.step()

    torch.testing.assert_close(
        mixture.log_weights().exp(), torch.full((3,), 1 / 3), rtol=1e-3, atol=0
    )
