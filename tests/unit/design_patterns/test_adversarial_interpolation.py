import pytest
import torch
import torch.nn.functional as F
from torch import Generator, nn

from dcrf.design_patterns.adversarial_interpolation import AdversarialInterpolation
from dcrf.functional.adversarial import mixing_coefficients
from dcrf.mappings.mapping import TrainableMapping
from dcrf.schedules.constant import Constant
from tests.cases.tiny import CASES, ENTRIES, World, changed
from tests.cases.validity import errors

WITH_CRITIC = CASES["adversarial_interpolation"]
WITH_DISCRIMINATOR = ENTRIES["adversarial_interpolation-2"]


def interpolated(world, indices):
    """Decode a f(x_i) + (1 - a) f(x_(n-1-i)), sample by sample."""
    n, samples = len(indices), world.data.samples[indices]
    codes = world.mappings["encoder"](samples)
    shares = mixing_coefficients(n, Generator().manual_seed(0))
    mixed = [shares[i] * codes[i] + (1 - shares[i]) * codes[n - 1 - i] for i in range(n)]
    return samples, shares, world.mappings["decoder"](torch.stack(mixed))


def gradients(loss, world):
    """The gradients of all mappings: encoder, decoder and opponent."""
    parameters = list(world.model.parameters())
    return torch.autograd.grad(
        loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
    )


@pytest.mark.parametrize("n", [6, 7])
@pytest.mark.parametrize("gamma", [0.0, 0.2, 1.0])
def test_the_losses_with_a_critic_are_those_of_acai(n, gamma):
    world = World({**WITH_CRITIC, "critic_regularizing_hyperparameter": gamma})
    losses = world.losses(torch.arange(n))
    samples, shares, mixed = interpolated(world, torch.arange(n))
    rebuilt = world.mappings["decoder"](world.mappings["encoder"](samples))

    def critic(values):
        return world.mappings["critic"](values).mean(dim=1)

    on_regularizers = critic(gamma * samples + (1 - gamma) * rebuilt)
    expected = {
        "autoencoder": critic(mixed).square().mean(),
        "critic": (critic(mixed) - shares).square().mean() + on_regularizers.square().mean(),
    }
    torch.testing.assert_close(losses, expected)
    for name, loss in losses.items():
        torch.testing.assert_close(gradients(loss, world), gradients(expected[name], world))


def test_a_discriminator_tells_samples_from_interpolations():
    world = World(WITH_DISCRIMINATOR)
    losses = world.losses(torch.arange(7))
    samples, _, mixed = interpolated(world, torch.arange(7))
    real, fake = (world.mappings["discriminator"](values) for values in (samples, mixed))
    ones, zeros = torch.ones(7, 1), torch.zeros(7, 1)

    expected = {
        "autoencoder": F.binary_cross_entropy(fake, ones),
        "discriminator": F.binary_cross_entropy(real, ones) + F.binary_cross_entropy(fake, zeros),
    }
    torch.testing.assert_close(losses, expected)
    for name, loss in losses.items():
        torch.testing.assert_close(gradients(loss, world), gradients(expected[name], world))


def test_a_final_sigmoid_changes_no_loss():
    with_sigmoid, without = World(WITH_DISCRIMINATOR), World(WITH_DISCRIMINATOR)
    without.mappings["discriminator"].net.pop(1)

    assert with_sigmoid.losses(torch.arange(5)) == without.losses(torch.arange(5))


def test_a_sure_discriminator_gives_finite_losses_and_gradients():
    world = World(WITH_DISCRIMINATOR)
    world.mappings["discriminator"].net[0].weight.data *= 1e6
    losses = world.losses(torch.arange(5))
    sum(losses.values()).backward()

    assert all(loss.isfinite() for loss in losses.values())
    assert all(p.grad.isfinite().all() for p in world.mappings["encoder"].parameters())


@pytest.mark.parametrize("entry", [WITH_CRITIC, WITH_DISCRIMINATOR])
def test_both_sides_get_gradients_of_both_losses(entry):
    """Nothing is detached; the optimizer groups choose whose gradients they take."""
    world = World(entry)
    opponent = world.mappings[entry.get("critic_name", "discriminator")]
    for loss in world.losses(torch.arange(7)).values():
        for side in (world.mappings["encoder"], opponent):
            slopes = torch.autograd.grad(loss, list(side.parameters()), retain_graph=True)

            assert any(gradient.any() for gradient in slopes)


def test_codes_and_samples_may_be_images():
    layers = [nn.Conv2d(1, 2, 2, stride=2)], [nn.ConvTranspose2d(2, 1, 2, stride=2), nn.Flatten()]
    world = World(WITH_CRITIC)
    pattern = AdversarialInterpolation(
        encoder=TrainableMapping(layers[0]),
        decoder=TrainableMapping(layers[1]),
        critic=TrainableMapping([nn.Conv2d(1, 3, 2)]),
        generator=Generator(),
        critic_regularizing_hyperparameter=Constant(0.2),
    )
    batch = world.batch(torch.arange(3))
    images = torch.rand(3, 1, 4, 4)
    losses = pattern(type(batch)(batch.indices, images))

    assert all(loss.ndim == 0 and loss.isfinite() for loss in losses.values())


def test_without_an_opponent_nothing_is_built():
    mapping = TrainableMapping([nn.Linear(2, 2)])
    with pytest.raises(ValueError, match="expected a critic or a discriminator"):
        AdversarialInterpolation(encoder=mapping, decoder=mapping, generator=Generator())
    with pytest.raises(ValueError, match="expected critic_regularizing_hyperparameter"):
        AdversarialInterpolation(
            encoder=mapping, decoder=mapping, critic=mapping, generator=Generator()
        )


@pytest.mark.parametrize(
    "entry",
    [
        changed(WITH_CRITIC, {"critic_name": None}),
        {**WITH_CRITIC, "discriminator_name": "discriminator"},
        {**WITH_CRITIC, **WITH_DISCRIMINATOR},
        changed(WITH_CRITIC, {"critic_loss_optimizer_group_name": None}),
        changed(WITH_DISCRIMINATOR, {"discriminator_loss_optimizer_group_name": None}),
        changed(WITH_CRITIC, {"autoencoder_loss_optimizer_group_name": None}),
        {**WITH_CRITIC, "discriminator_loss_optimizer_group_name": "critic"},
    ],
)
def test_the_schema_wants_one_opponent_with_its_group(entry):
    assert "$" in errors(entry)
