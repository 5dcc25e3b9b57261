import pytest
import torch
from torch import nn

from dcrf.batch import Batch
from dcrf.design_patterns.instance_contrast import InstanceContrast
from dcrf.functional.contrast import normalized_temperature_cross_entropy
from dcrf.mappings.mapping import TrainableMapping
from dcrf.schedules.constant import Constant
from tests.cases.tiny import CASES, World, changed
from tests.cases.validity import errors

ENTRY = CASES["instance_contrast"]


def test_the_head_projects_both_views_after_its_prior_mapping():
    world = World({**ENTRY, "batch_augmentation_name_2": "shifted"})
    head, encoder = world.mappings["head"], world.mappings["encoder"]
    first, second = (head.net(encoder(world.data.views[v][:5])) for v in ("noisy", "shifted"))
    expected = normalized_temperature_cross_entropy(first, second, 0.5)

    torch.testing.assert_close(world.losses(torch.arange(5))["contrast"], expected)


@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_the_temperature_of_the_entry_is_used(temperature):
    world = World({**ENTRY, "temperature_parameter": temperature})
    views = world.batch(torch.arange(5)).views
    first, second = (world.mappings["head"](views[role]) for role in ("first", "second"))
    expected = normalized_temperature_cross_entropy(first, second, temperature)

    torch.testing.assert_close(world.losses(torch.arange(5))["contrast"], expected)


@pytest.mark.parametrize("key", ["batch_augmentation_name_1", "batch_augmentation_name_2"])
def test_a_view_that_is_not_named_is_the_default_view(key):
    world = World(changed({**ENTRY, key: "noisy"}, {other(key): None}))
    default, named = ("second", "first") if key.endswith("1") else ("first", "second")
    views = world.batch(torch.arange(5)).views

    assert (views[default] == world.data.samples[:5]).all()
    assert (views[named] == world.data.views["noisy"][:5]).all()


def test_at_least_one_view_is_named():
    assert errors(changed(ENTRY, {"batch_augmentation_name_1": None})) == ["$"]


def test_both_views_may_be_swapped():
    head = TrainableMapping([nn.Linear(3, 2)])
    pattern = InstanceContrast(contrastive_learning_head=head, temperature_parameter=Constant(0.5))
    first, second = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(0))
    batches = [
        Batch(torch.arange(4), first, {"first": a, "second": b})
        for a, b in ((first, second), (second, first))
    ]

    torch.testing.assert_close(pattern(batches[0]), pattern(batches[1]))


def other(key):
    return f"batch_augmentation_name_{2 if key.endswith('1') else 1}"
