import pytest
import torch

from dcrf.batch import Clock, DatasetPass
from dcrf.errors import OptionError
from tests.cases.tiny import CASES, N_SAMPLES, World
from tests.unit.functional.test_density_connectivity import minimax_paths

ENTRY = CASES["density_connectivity"]


def prepared(**changes):
    world = World({**ENTRY, **changes}, torch.float64)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


@pytest.mark.parametrize("min_points", [1, 5])
def test_squared_feature_distances_are_compared_with_those_of_the_samples(min_points):
    world, indices = prepared(min_points=min_points), torch.tensor([5, 0, 17])
    distances = minimax_paths(world.data.samples.numpy(), min_points)
    features = world.mappings["encoder"](world.data.samples)
    expected = sum(
        ((features[i] - features[j]).square().sum() - distances[i, j]) ** 2
        for i in indices for j in indices
    ) / 9  # fmt: skip

    torch.testing.assert_close(world.pattern(world.batch(indices))["connectivity"], expected)


def test_the_dendrogram_is_computed_once_and_restored():
    world, other = prepared(), World(ENTRY, torch.float64, seed=1)
    other.pattern.load_state_dict(world.pattern.state_dict())

    def refuse(function, indices):
        raise AssertionError("it is known")

    for pattern in (world.pattern, other.pattern):
        pattern.before_iteration(Clock(1, 2), DatasetPass(N_SAMPLES, refuse))

    assert torch.equal(other.pattern.dendrogram.gaps, world.pattern.dendrogram.gaps)
    assert torch.equal(other.pattern.dendrogram.places, world.pattern.dendrogram.places)


def test_more_points_than_samples_are_refused():
    with pytest.raises(OptionError, match=r"22 samples cannot .* of 21") as caught:
        prepared(min_points=22)
    assert caught.value.key == "min_points"


def test_without_a_dendrogram_it_names_the_missing_call():
    world = World(ENTRY)
    with pytest.raises(RuntimeError, match="before_iteration"):
        world.pattern(world.batch(torch.arange(2)))
