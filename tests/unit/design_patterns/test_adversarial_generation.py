import math

import pytest
import torch
from torch import Generator, nn

from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import global_seed
from tests.cases.tiny import CASES, World

ENTRY = CASES["adversarial_generation"]
INDICES = torch.arange(9)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def by_loops(world, noise):
    """Both losses, from the probabilities that the discriminator gives."""
    generate, discriminate = (world.mappings[name] for name in ("decoder", "discriminator"))
    fake = [p.item() for p in discriminate(generate(noise))]
    real = [p.item() for p in discriminate(world.data.samples[INDICES])]
    n = len(noise)
    return {
        "generator": -sum(math.log(p) for p in fake) / n,
        "discriminator": -sum(math.log(p) for p in real) / n
        - sum(math.log(1 - p) for p in fake) / n,
    }


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_losses_are_those_of_the_discriminator_s_probabilities(distribution):
    world = World({**ENTRY, "noise_distribution": distribution})
    draws = Generator().manual_seed(0)
    noise = torch.rand(9, 2, generator=draws) * 2 - 1
    if distribution == "normal":
        noise = torch.randn(9, 2, generator=Generator().manual_seed(0))

    losses = {name: loss.item() for name, loss in world.losses(INDICES).items()}

    assert losses == pytest.approx(by_loops(world, noise), rel=1e-5)


def test_each_group_minimizes_its_own_loss_and_both_share_one_pass():
    """The generator's loss falls as the discriminator is deceived, and the other one rises."""
    world = World(ENTRY)
    losses = world.losses(INDICES)
    parameters = [*world.mappings["decoder"].parameters()]
    own, other = (
        torch.autograd.grad(losses[name], parameters, retain_graph=True)
        for name in ("generator", "discriminator")
    )
    cosine = sum((a * b).sum() for a, b in zip(own, other, strict=True))

    assert cosine < 0


def test_training_moves_generated_samples_to_the_data():
    """Samples around 3, noise around 0: both networks trained in turn, as the trainer does it."""
    world = World(ENTRY)
    data = 3 + 0.1 * torch.randn(64, 4, generator=Generator().manual_seed(1))
    with global_seed(0):
        generate = TrainableMapping([nn.Linear(2, 4)])
        discriminate = TrainableMapping([nn.Linear(4, 16), nn.LeakyReLU(), nn.Linear(16, 1)])
    world.pattern.sample_generator, world.pattern.discriminator = generate, discriminate
    batch = world.batch(INDICES)
    batch = type(batch)(torch.arange(64), data)
    optimizers = {
        "generator": torch.optim.Adam(generate.parameters(), 0.02),
        "discriminator": torch.optim.Adam(discriminate.parameters(), 0.02),
    }
    for _ in range(600):
        losses = world.pattern(batch)
        for name, optimizer in optimizers.items():
            own = [p for group in optimizer.param_groups for p in group["params"]]
            for p, g in zip(
                own, torch.autograd.grad(losses[name], own, retain_graph=True), strict=True
            ):
                p.grad = g
        for optimizer in optimizers.values():
            optimizer.step()

    generated = generate(torch.randn(500, 2, generator=Generator().manual_seed(2)))
    assert (generated.mean(dim=0) - 3).abs().max() < 1.5
