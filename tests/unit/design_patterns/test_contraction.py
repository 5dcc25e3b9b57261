import pytest
import torch
from torch import nn
from torch.func import jacrev, vmap

from dcrf.design_patterns.contraction import Contraction
from dcrf.mappings.mapping import TrainableMapping
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["contraction"]


def exact(world, samples):
    return vmap(jacrev(world.mappings["encoder"].net))(samples).square().sum(dim=(1, 2)).mean()


def test_it_is_the_norm_of_the_jacobian_at_the_samples_of_the_view():
    world = World({**ENTRY, "batch_augmentation_name": "shifted"})

    loss = world.losses(torch.arange(7))["jacobian_norm"]

    torch.testing.assert_close(loss, exact(world, world.data.views["shifted"][:7]))


def test_estimates_scatter_around_it():
    world, indices = World({**ENTRY, "num_projections": 2}), torch.arange(N_SAMPLES)
    estimates = [world.losses(indices)["jacobian_norm"].item() for _ in range(200)]

    assert max(estimates) > min(estimates)
    assert sum(estimates) / 200 == pytest.approx(exact(world, world.data.samples).item(), rel=0.05)


def contraction_of(layers, **options):
    encoder = TrainableMapping(layers, **options)
    return Contraction(encoder=encoder, generator=torch.Generator()), encoder


def test_its_pass_does_not_enter_the_statistics_of_batch_norm():
    pattern, encoder = contraction_of([nn.BatchNorm1d(4)])
    pattern(World(ENTRY).batch(torch.arange(9)))

    assert encoder.net[0].num_batches_tracked == 0


def test_an_encoder_that_is_compiled_elsewhere_is_differentiated_twice():
    pattern, encoder = contraction_of([nn.Linear(4, 3), nn.Tanh()], compiled=True)
    batch = World(ENTRY).batch(torch.arange(9))
    loss = pattern(batch)["jacobian_norm"]
    loss.backward()

    jacobians = vmap(jacrev(encoder.net))(batch.samples)
    torch.testing.assert_close(loss, jacobians.square().sum(dim=(1, 2)).mean())
    assert encoder.net[0].weight.grad.isfinite().all()
