from dataclasses import replace

import pytest
import torch

from dcrf.batch import SideTargets
from dcrf.errors import OptionError, OutputShapeError
from tests.cases.tiny import CASES, World

INDICES = torch.tensor([4, 9, 3, 20])  # the third has no target


def loss_of(targets, **changes):
    world = World({**CASES["other_task"], **changes})
    return world.pattern(replace(world.batch(INDICES), targets=targets))["prediction"]


@pytest.mark.parametrize(
    ("head", "view"), [("head", "noisy"), ("classifier", "shifted")], ids=["logits", "softmax"]
)
def test_a_head_names_the_classes_of_samples_that_have_one(head, view):
    world = World({**CASES["other_task"], "head_name": head, "batch_augmentation_name": view})
    outputs = world.mappings[head](world.data.views[view][INDICES[[0, 1, 3]]])
    p = outputs if head == "classifier" else outputs.softmax(dim=1)

    loss = world.pattern(world.batch(INDICES))["prediction"]

    torch.testing.assert_close(loss, -p[torch.arange(3), torch.tensor([1, 0, 2])].log().mean())


def test_a_head_predicts_numbers():
    world = World({**CASES["other_task"], "loss_type": "squared_error"})
    kept = INDICES[[0, 1, 3]]
    errors = world.mappings["head"](world.data.samples[kept]) - world.data.samples[kept, :3].tanh()

    loss = world.pattern(world.batch(INDICES))["prediction"]

    torch.testing.assert_close(loss, errors.square().sum(dim=1).mean())


def test_a_head_may_have_more_outputs_than_there_are_classes():
    assert loss_of(SideTargets(torch.tensor([0, 1, -1, 0]), 2)).isfinite()


@pytest.mark.parametrize(
    ("changes", "targets", "words"),
    [
        ({}, SideTargets(torch.zeros(4, 3)), "cross_entropy needs classes.* are numbers"),
        (
            {"loss_type": "squared_error"},
            SideTargets(torch.zeros(4, dtype=torch.int64), 1),
            "squared_error needs numbers.* are classes",
        ),
    ],
)
def test_targets_of_the_other_kind_are_refused(changes, targets, words):
    with pytest.raises(OptionError, match=words) as caught:
        loss_of(targets, **changes)

    assert caught.value.key == "loss_type"


@pytest.mark.parametrize(
    ("changes", "targets", "words"),
    [
        ({}, SideTargets(torch.tensor([0, 4, 1, 1]), 5), r"\(3,\) per sample.* 5 classes"),
        ({"loss_type": "squared_error"}, SideTargets(torch.zeros(4, 2)), r"\(3,\).* 2 targets"),
        ({"loss_type": "squared_error"}, SideTargets(torch.zeros(4, 4)), r"\(3,\).* 4 targets"),
    ],
)
def test_a_head_of_another_width_is_refused(changes, targets, words):
    with pytest.raises(OutputShapeError, match=words):
        loss_of(targets, **changes)
