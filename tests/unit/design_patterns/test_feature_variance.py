import numpy as np
import pytest
import torch

from tests.cases.tiny import CASES, World


@pytest.mark.parametrize("view", ["noisy", "shifted"])
def test_it_is_minus_the_mean_deviation_of_the_features(view):
    entry = {**CASES["feature_variance"], "batch_augmentation_name": view}
    world = World(entry, torch.float64)
    features = world.mappings["encoder"](world.data.views[view][:9]).detach().numpy()

    loss = world.losses(torch.arange(9))["negative_deviation"]

    assert loss.item() == pytest.approx(-np.std(features, axis=0).mean())


def test_a_batch_of_one_sample_has_no_deviation():
    world = World(CASES["feature_variance"])
    loss = world.losses(torch.arange(1))["negative_deviation"]
    loss.backward()

    assert loss.item() == 0
    assert all(p.grad.isfinite().all() for p in world.mappings["encoder"].parameters())
