import math

import pytest
import torch

from dcrf.errors import TrainingError
from tests.cases.tiny import CASES, ENTRIES, World

STEM = "variational_bound"
N = 9
UNIT = {"reconstruction_distribution": "bernoulli", "batch_augmentation_name": "bounded"}


def slow_terms(world, view, samples):
    """One sample, code and element after the other."""
    noise = torch.randn(N, 2, generator=torch.Generator().manual_seed(0)).double()
    reconstruction = divergence = 0.0
    for i, sample in enumerate(samples):
        mean = world.mappings["encoder"](sample[None])[0]
        log_variance = world.mappings["log_variance"](sample[None])[0]
        code = mean + log_variance.exp().sqrt() * noise[i]
        outputs = world.mappings["decoder"](code[None])[0]
        for output, element in zip(outputs.tolist(), sample.tolist(), strict=True):
            if view == "bounded":
                p = 1 / (1 + math.exp(-output))
                reconstruction -= element * math.log(p) + (1 - element) * math.log(1 - p)
            else:
                variance = world.entry["reconstruction_variance"]
                reconstruction += (output - element) ** 2 / variance / 2
                reconstruction += math.log(2 * math.pi * variance) / 2
        for m, v in zip(mean.tolist(), log_variance.tolist(), strict=True):
            divergence += (math.exp(v) + m * m - 1 - v) / 2
    return reconstruction / N, divergence / N


@pytest.mark.parametrize(
    ("name", "view"), [(STEM, ""), (f"{STEM}-1", "noisy"), (f"{STEM}-2", "bounded")]
)
def test_it_has_the_terms_of_the_bound(name, view):
    world = World({"reconstruction_variance": 1.0, **ENTRIES[name]}, torch.float64)
    samples = {"": world.data.samples, **world.data.views}[view][:N]

    losses = world.losses(torch.arange(N))

    values = tuple(loss.item() for loss in losses.values())
    assert values == pytest.approx(slow_terms(world, view, samples))


def test_a_final_sigmoid_of_the_decoder_is_left_out():
    world, other = World({**CASES[STEM], **UNIT}), World({**CASES[STEM], **UNIT})
    other.mappings["decoder"].net.append(torch.nn.Sigmoid())

    assert world.losses(torch.arange(N)) == other.losses(torch.arange(N))


def test_samples_outside_0_to_1_are_no_bernoulli_variables():
    entry = {**CASES[STEM], "reconstruction_distribution": "bernoulli"}

    with pytest.raises(TrainingError, match=r"in \[0, 1\], not from -.*normal"):
        World(entry).losses(torch.arange(N))


def test_means_and_log_variances_of_two_widths_are_an_error():
    with pytest.raises(ValueError, match=r"shape \(2,\) and log-variances of shape \(3,\)"):
        World({**CASES[STEM], "log_variance_name": "head"}).losses(torch.arange(N))
