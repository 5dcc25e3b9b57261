import math

import pytest
import torch
from torch import nn

from dcrf.batch import Batch
from dcrf.design_patterns.reconstruction import Reconstruction
from dcrf.mappings.mapping import TrainableMapping

SAMPLES = torch.arange(8.0).reshape(2, 1, 2, 2)


def pattern(decoder, reduction="mean_across_samples", target="view", error="squared"):
    return Reconstruction(
        encoder=TrainableMapping([nn.Flatten()]),
        decoder=decoder,
        reconstruction_target=target,
        error=error,
        loss_reduction_method=reduction,
    )


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("mean_across_samples", 4.0), ("mean_across_elements", 1.0), ("sum", 8.0)],
)
def test_every_reduction_works_iteration_after_iteration(reduction, expected):
    off_by_one = TrainableMapping([nn.Identity()], after=[lambda codes: codes + 1])
    reconstruction = pattern(off_by_one, reduction)
    for _ in range(2):
        losses = reconstruction(Batch(torch.arange(2), SAMPLES))

        assert {name: loss.item() for name, loss in losses.items()} == {"reconstruction": expected}


def test_a_decoder_with_too_few_outputs_is_named_as_such():
    with pytest.raises(ValueError, match="numbers of elements differ"):
        pattern(TrainableMapping([nn.Linear(4, 1)]))(Batch(torch.arange(2), SAMPLES))


@pytest.mark.parametrize(("target", "expected"), [("view", 0.0), ("clean", 4 * 0.25)])
def test_a_denoising_autoencoder_reconstructs_the_default_view(target, expected):
    batch = Batch(torch.arange(2), SAMPLES + 0.5, default_view=SAMPLES)
    losses = pattern(TrainableMapping([nn.Identity()]), target=target)(batch)

    assert losses["reconstruction"].item() == expected


@pytest.mark.parametrize("layers", [[nn.Identity()], [nn.Identity(), nn.Sigmoid()]])
def test_a_binary_cross_entropy_of_logits_leaves_a_final_sigmoid_out(layers):
    samples = torch.tensor([[[[0.0, 1.0], [1.0, 200.0]]]]).clamp(max=1)
    batch = Batch(torch.arange(1), 100 * samples, default_view=samples)
    decoder = TrainableMapping(layers)
    losses = pattern(decoder, target="clean", error="binary_cross_entropy")(batch)

    assert losses["reconstruction"].item() == pytest.approx(math.log(2), rel=1e-6)


def test_an_angle_does_not_see_the_length_of_a_reconstruction():
    longer = TrainableMapping([nn.Identity()], after=[lambda codes: 3 * codes])
    losses = pattern(longer, error="cosine")(Batch(torch.arange(2), SAMPLES))

    assert losses["reconstruction"].item() == pytest.approx(0, abs=1e-6)
