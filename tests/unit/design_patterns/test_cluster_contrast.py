import pytest
import torch

from dcrf.functional.contrast import statistics_vector_contrast
from tests.cases.tiny import CASES, World, changed
from tests.cases.validity import errors

ENTRY = CASES["cluster_contrast"]


def test_it_contrasts_the_columns_of_a_classifier():
    entry = {**ENTRY, "batch_augmentation_name_1": "shifted", "classifier_name": "classifier"}
    world = World(entry)
    classifier = world.mappings["classifier"]
    first, second = (classifier(world.data.views[v][:6]).log() for v in ("shifted", "noisy"))
    expected = statistics_vector_contrast(first, second, 1.0)

    torch.testing.assert_close(world.losses(torch.arange(6))["contrast"], expected)


def test_it_contrasts_the_columns_of_the_strategy():
    world = World(ENTRY)
    first, second = world.data.samples[:6], world.data.views["noisy"][:6]
    assign = world.pattern.assignment
    expected = statistics_vector_contrast(assign(first), assign(second), 1.0)

    torch.testing.assert_close(world.losses(torch.arange(6))["contrast"], expected)


@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_the_temperature_of_the_entry_is_used(temperature):
    world = World({**ENTRY, "temperature_parameter": temperature})
    views = world.batch(torch.arange(6)).views
    first, second = (world.pattern.assignment(views[role]) for role in ("first", "second"))
    expected = statistics_vector_contrast(first, second, temperature)

    torch.testing.assert_close(world.losses(torch.arange(6))["contrast"], expected)


def test_a_cluster_without_samples_leaves_loss_and_gradients_finite():
    world = World(ENTRY)
    world.centroids.values.data[0] = 1e6
    loss = world.losses(torch.arange(6))["contrast"]
    loss.backward()

    assert loss.isfinite()
    assert world.centroids.values.grad.isfinite().all()


def test_at_least_one_view_is_named():
    assert errors(changed(ENTRY, {"batch_augmentation_name_2": None})) == ["$"]
