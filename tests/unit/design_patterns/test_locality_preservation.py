import pytest
import torch
from scipy.spatial.distance import cdist

from dcrf.batch import Clock, DatasetPass
from dcrf.errors import OptionError
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["locality_preservation"]


def prepared(**changes):
    world = World({**ENTRY, **changes}, torch.float64)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def test_the_loss_is_the_formula_over_the_nearest_samples():
    world, indices = prepared(heat_kernel_width=0.7), [4, 9, 1, 9]
    samples, features = world.data.samples, world.mappings["encoder"](world.data.samples)
    distances = cdist(samples, samples)
    expected = 0.0
    for i in indices:
        for j in distances[i].argsort()[1:4]:
            similarity = torch.tensor(-(distances[i, j] ** 2) / 0.7).exp()
            expected += similarity * (features[i] - features[j]).square().sum() / len(indices)

    loss = world.pattern(world.batch(torch.tensor(indices)))["locality"]

    torch.testing.assert_close(loss, expected)


def test_similarities_are_those_of_the_default_view_and_features_those_of_the_named_ones():
    views = {"batch_augmentation_name": "noisy", "neighbor_batch_augmentation_name": "shifted"}
    world, indices = prepared(**views), torch.tensor([4, 9])
    encoder, near = world.mappings["encoder"], world.pattern.neighbors[indices]
    noisy = encoder(world.data.views["noisy"][indices])
    shifted = encoder(world.data.views["shifted"][near.flatten()]).reshape(2, 3, 2)
    weights = prepared().pattern.similarities[indices]
    expected = (weights * (noisy.unsqueeze(1) - shifted).square().sum(2)).sum(1).mean()

    torch.testing.assert_close(world.pattern(world.batch(indices))["locality"], expected)


def test_neighbors_are_measured_once_and_restored():
    world, other = prepared(), World(ENTRY, seed=1)
    before = world.pattern.neighbors, world.pattern.similarities
    other.pattern.load_state_dict(world.pattern.state_dict())

    def refuse(function, indices):
        raise AssertionError("they are known")

    for pattern in (world.pattern, other.pattern):
        pattern.before_iteration(Clock(1, 2), DatasetPass(N_SAMPLES, refuse))

        assert torch.equal(pattern.neighbors, before[0])
        assert torch.equal(pattern.similarities, before[1])


def test_all_other_samples_can_be_neighbors_and_no_more():
    assert prepared(num_neighbors=20).pattern.neighbors.shape == (N_SAMPLES, 20)
    with pytest.raises(OptionError, match=r"21 neighbors .* 22 samples, .* has 21") as caught:
        prepared(num_neighbors=21)
    assert caught.value.key == "num_neighbors"


def test_without_neighbors_it_names_the_missing_call():
    with pytest.raises(RuntimeError, match="before_iteration"):
        World(ENTRY).pattern.companions(torch.arange(2))
