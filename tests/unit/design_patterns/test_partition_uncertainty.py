import torch

from dcrf.functional.partition_uncertainty import partition_uncertainty
from tests.cases.tiny import CASES, World

ENTRY = CASES["partition_uncertainty"]


def test_it_compares_the_assignments_of_both_views():
    world, indices = World(ENTRY), torch.tensor([4, 9, 1, 20])
    views = (world.data.views[name][indices] for name in ("noisy", "shifted"))
    first, second = (world.pattern.assignment(view) for view in views)

    torch.testing.assert_close(
        world.losses(indices)["uncertainty"], partition_uncertainty(first, second)
    )


def test_a_view_without_a_name_is_the_default_view():
    entry = {key: value for key, value in ENTRY.items() if key != "batch_augmentation_name_1"}
    world, indices = World(entry), torch.tensor([4, 9, 1, 20])
    first = world.pattern.assignment(world.data.samples[indices])
    second = world.pattern.assignment(world.data.views["shifted"][indices])

    torch.testing.assert_close(
        world.losses(indices)["uncertainty"], partition_uncertainty(first, second)
    )
