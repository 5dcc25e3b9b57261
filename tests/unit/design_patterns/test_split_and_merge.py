import pytest
import torch

from dcrf.batch import Clock, DatasetPass
from dcrf.functional.split_and_merge import split_and_merge
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["split_and_merge"]


def refuse(function, indices):
    raise AssertionError("no trial is due")


def with_poor_centroids(entry=ENTRY):
    """Two centroids in one blob, and one for two blobs."""
    world = World(entry)
    features = world.mappings["encoder"](world.data.samples).detach()
    first = features[0::3].mean(dim=0)
    others = torch.cat([features[1::3], features[2::3]]).mean(dim=0)
    world.centroids.set_values(torch.stack([first, first + 0.01, others]))
    return world, features


def test_centroids_become_those_of_the_formula_and_are_returned():
    world, features = with_poor_centroids()
    parameter, before = world.centroids.values, world.centroids.values.detach().clone()
    clusters = torch.cdist(features, before).argmin(dim=1)
    expected = split_and_merge(features, clusters, before, 1, 1.0)
    (replaced,) = world.pattern.after_epoch(Clock(1, 3, True), world.data_pass)

    assert replaced is parameter
    assert not torch.equal(expected, before)
    torch.testing.assert_close(parameter.detach(), expected)


def test_centroids_that_cannot_be_better_stay_with_their_momentum():
    world, features = with_poor_centroids({**ENTRY, "least_gain_ratio": 1e12})
    world.centroids.set_values(torch.stack([features[at::3].mean(dim=0) for at in range(3)]))
    before = world.centroids.values.detach().clone()

    assert world.pattern.after_epoch(Clock(1, 3, True), world.data_pass) == ()
    assert torch.equal(world.centroids.values, before)


@pytest.mark.parametrize(("epoch", "is_due"), [(1, False), (3, True), (4, False), (6, True)])
def test_it_acts_every_few_epochs(epoch, is_due):
    world, _ = with_poor_centroids({**ENTRY, "split_interval": 3})
    data_pass = world.data_pass if is_due else DatasetPass(N_SAMPLES, refuse)

    assert len(world.pattern.after_epoch(Clock(epoch, 9, True), data_pass)) == is_due
