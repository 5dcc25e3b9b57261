import pytest
import torch
from torch import nn

from dcrf.batch import Batch
from dcrf.design_patterns.hidden_reconstruction import HiddenReconstruction
from dcrf.mappings.mapping import TrainableMapping
from tests.cases.tiny import CASES, World

ENTRY = CASES["hidden_reconstruction"]
SAMPLES = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def scaling(factor):
    """A linear layer that multiplies by a factor."""
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data = factor * torch.eye(2)
    return layer


def noisy_autoencoder(prior=None, rate=0.5):
    """Encoder x2 then x3, with Dropout between; decoder x5 then x1."""
    layers = [scaling(2), nn.Dropout(rate), scaling(3)]
    names = {"first": 0, "dropout": 1}
    encoder = TrainableMapping(layers, layer_names=names, prior=prior)
    decoder = TrainableMapping([scaling(5), scaling(1)], layer_names={"hidden": 0})
    return encoder, decoder


def pattern(encoder, decoder, reduction="sum", encoder_layer="dropout"):
    pairs = [{"encoder_layer_name": encoder_layer, "decoder_layer_name": "hidden"}]
    return HiddenReconstruction(
        encoder=encoder, decoder=decoder, layer_pairs=pairs, loss_reduction_method=reduction
    )


@pytest.mark.parametrize(
    ("reduction", "divisor"),
    [("sum", 1), ("mean_across_samples", 2), ("mean_across_elements", 4)],
)
def test_hidden_outputs_of_both_paths_by_hand(reduction, divisor):
    """Clean: 2x. Decoder: 2 x 3 x 5 = 30x. The error is 28^2 times the sum of squares."""
    hidden = pattern(*noisy_autoencoder(rate=0.0), reduction)
    losses = hidden(Batch(torch.arange(2), SAMPLES))

    assert losses["hidden"].item() == pytest.approx(28**2 * 30 / divisor)


def test_noise_is_in_the_codes_and_never_in_the_targets():
    encoder, decoder = noisy_autoencoder()
    torch.manual_seed(0)
    codes = encoder(SAMPLES)
    torch.manual_seed(0)
    losses = pattern(encoder, decoder)(Batch(torch.arange(2), SAMPLES))

    assert (codes == 0).any()
    torch.testing.assert_close(losses["hidden"], (5 * codes - 2 * SAMPLES).square().sum())


def test_targets_come_from_the_default_view_and_codes_from_the_named_one():
    world = World({**ENTRY, "batch_augmentation_name": "noisy"})
    indices = torch.tensor([4, 9, 1])
    encoder, decoder = world.mappings["encoder"].net, world.mappings["decoder"].net
    codes = encoder(world.data.views["noisy"][indices])
    target = encoder[:2](world.data.samples[indices])
    expected = (decoder[:2](codes) - target).square().sum(dim=1).mean()

    torch.testing.assert_close(world.losses(indices)["hidden"], expected)


def test_errors_of_pairs_are_added():
    pairs = [
        {"encoder_layer_name": "outer", "decoder_layer_name": "inner"},
        {"encoder_layer_name": "activation", "decoder_layer_name": "activation"},
    ]
    indices = torch.arange(5)
    separate = [World({**ENTRY, "layer_pairs": [p]}).losses(indices)["hidden"] for p in pairs]
    both = World({**ENTRY, "layer_pairs": pairs}).losses(indices)["hidden"]

    torch.testing.assert_close(both, sum(separate))


def test_a_prior_mapping_is_clean_in_the_targets_too_and_all_modes_return():
    prior = TrainableMapping([nn.Dropout(0.5)])
    encoder, decoder = noisy_autoencoder(prior, rate=0.0)
    torch.manual_seed(0)
    codes = encoder(SAMPLES)
    torch.manual_seed(0)
    losses = pattern(encoder, decoder)(Batch(torch.arange(2), SAMPLES))

    torch.testing.assert_close(losses["hidden"], (5 * codes - 2 * SAMPLES).square().sum())
    assert all(module.training for mapping in encoder.chain() for module in mapping.modules())


def test_gradient_flows_into_both_paths():
    encoder, decoder = noisy_autoencoder(rate=0.0)
    pattern(encoder, decoder, encoder_layer="first")(Batch(torch.arange(2), SAMPLES))[
        "hidden"
    ].backward()
    first, decoded = encoder.net[0].weight, decoder.net[0].weight
    # d/dW of |15 Wx - Wx|^2 at W = 2: both paths have a factor, 14^2 * 2 W x x^T
    expected = 14**2 * 2 * 2 * SAMPLES.T @ SAMPLES

    torch.testing.assert_close(first.grad, expected)
    assert decoded.grad.any()


def test_layers_of_different_sizes_are_refused():
    encoder, _ = noisy_autoencoder()
    decoder = TrainableMapping([nn.Linear(2, 3)], layer_names={"hidden": 0})

    with pytest.raises(ValueError, match="numbers of elements differ"):
        pattern(encoder, decoder)(Batch(torch.arange(2), SAMPLES))
