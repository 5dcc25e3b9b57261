import pytest
import torch

from dcrf.batch import Clock, DatasetPass
from dcrf.errors import OptionError
from dcrf.functional.spectral import gaussian_affinities
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["spectral_embedding"]


def test_it_is_the_sum_over_pairs_of_the_batch():
    world = World({**ENTRY, "batch_augmentation_name": "noisy"}, torch.float64)
    loss = world.losses(torch.arange(8))["affinity"]
    samples = world.data.views["noisy"][:8]
    affinities = gaussian_affinities(world.mappings["encoder"](samples).detach(), 3, 2)
    y = world.mappings["spectral_mapping"](samples)

    expected = (affinities * torch.cdist(y, y).square()).sum() / 64
    torch.testing.assert_close(loss, expected)


def test_embeddings_of_the_drawn_samples_are_orthonormal():
    world = World(ENTRY, torch.float64)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)  # draws all samples
    y = world.mappings["spectral_mapping"](world.data.samples)

    torch.testing.assert_close(
        y.T @ y, N_SAMPLES * torch.eye(2, dtype=torch.float64), atol=1e-4, rtol=0
    )


def test_a_batch_may_be_orthonormal_itself_and_the_laplacian_normalized():
    changes = {"orthonormalization": "own_batch", "laplacian": "normalized"}
    world = World({**ENTRY, **changes}, torch.float64)
    samples = world.data.samples[:8]
    loss = world.losses(torch.arange(8))["affinity"]
    w = gaussian_affinities(world.mappings["encoder"](samples).detach(), 3, 2)
    y = world.mappings["spectral_mapping"](samples)
    triangle = torch.linalg.qr(y).R  # up to signs of its rows, the factor of the Cholesky matrix
    y = 8**0.5 * y @ torch.linalg.inv(triangle) / w.sum(dim=1, keepdim=True).sqrt()

    expected = (w * torch.cdist(y, y).square()).sum() / 64
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)


def test_scaling_all_outputs_changes_no_loss_of_batches_that_are_orthonormal_themselves():
    for kind, changes_loss in (("own_batch", False), ("separate_batch", True)):
        world = World({**ENTRY, "orthonormalization": kind}, torch.float64)
        before = world.losses(torch.arange(8))["affinity"].item()
        for parameter in world.mappings["spectral_mapping"].net[2].parameters():
            parameter.data *= 0.5
        after = world.pattern(world.batch(torch.arange(8)))["affinity"].item()

        assert (after < 0.9 * before) == changes_loss


def test_every_iteration_draws_other_samples():
    world = World({**ENTRY, "orthonormalization_batch_size": 6})
    drawn = []

    def noting(function, indices):
        drawn.append(indices.tolist())
        return world.data_pass.run(function, indices)

    for iteration in (1, 2):
        world.pattern.before_iteration(Clock(1, iteration), DatasetPass(N_SAMPLES, noting))

    assert [len({*indices}) for indices in drawn] == [6, 6]
    assert {*drawn[0]} != {*drawn[1]}


def test_the_features_of_the_affinities_are_not_trained():
    world = World(ENTRY)
    world.losses(torch.arange(8))["affinity"].backward()

    assert all(parameter.grad is None for parameter in world.mappings["encoder"].parameters())


def test_a_mapping_without_orthonormalization_is_an_error():
    with pytest.raises(OptionError, match=r"last layer .* is not orthonormalize") as error:
        World({**ENTRY, "spectral_mapping_name": "encoder"})

    assert error.value.key == "spectral_mapping_name"
