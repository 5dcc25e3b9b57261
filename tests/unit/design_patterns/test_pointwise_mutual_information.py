import pytest
import torch

from dcrf.batch import Clock
from dcrf.errors import OptionError
from tests.cases.tiny import CASES, World

ENTRY = {**CASES["pointwise_mutual_information"], "classifier_name": "classifier"}


def prepared(**changes):
    world = World({**ENTRY, **changes}, torch.float64)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def test_the_loss_agrees_with_the_formula_in_loops():
    world, indices = prepared(temperature_parameter=0.5, share_momentum=0.7), [4, 9, 1]
    with torch.no_grad():  # the teacher differs from the student
        for parameter in world.pattern.teacher.parameters():
            parameter.mul_(1.5)
    batch = world.batch(torch.tensor(indices))
    pair = batch.samples, batch.companions.squeeze(1)
    student = [(2 * world.pattern.assignment(x)).softmax(dim=1) for x in pair]
    teacher = [(2 * world.pattern.teacher(x)).softmax(dim=1) for x in pair]
    shares = 0.7 / 3 + 0.3 * torch.cat(teacher).mean(dim=0)
    expected = 0.0
    for i in range(3):
        weight = sum(teacher[0][i, c] * teacher[1][i, c] for c in range(3))
        for own, other in ((student[0], teacher[1]), (student[1], teacher[0])):
            total = sum((own[i, c] * other[i, c]) ** 0.6 / shares[c] for c in range(3))
            expected -= weight * total.log() / 6

    torch.testing.assert_close(world.pattern(batch)["information"], expected)
    torch.testing.assert_close(world.pattern.shares, shares)


def test_the_teacher_is_a_running_mean_of_the_classifier_without_gradient():
    world = prepared(teacher_momentum=0.75)
    student, teacher = (
        [*part.parameters()] for part in (world.pattern.assignment, world.pattern.teacher)
    )
    before = [value.clone() for value in teacher]
    with torch.no_grad():
        for parameter in student:
            parameter.add_(4.0)
        world.pattern.after_step(Clock(1, 1), world.batch(torch.arange(4)))

    for value, start in zip(teacher, before, strict=True):
        torch.testing.assert_close(value, start + 1.0)
        assert not value.requires_grad
    assert all(parameter.requires_grad for parameter in student)


def test_the_mapping_before_the_classifier_is_shared():
    world = prepared()
    teacher = world.pattern.teacher.classifier

    assert teacher is not world.mappings["classifier"]
    assert teacher.prior is world.mappings["encoder"]
    assert all(parameter.requires_grad for parameter in world.mappings["encoder"].parameters())


def test_more_neighbors_than_other_samples_are_an_error_of_the_key():
    with pytest.raises(OptionError, match="21 neighbors") as caught:
        prepared(num_neighbors=21)
    assert caught.value.key == "num_neighbors"


def test_without_companions_it_names_what_is_missing():
    world = prepared()
    world.pattern.companions = lambda indices: None
    with pytest.raises(RuntimeError, match="no companions"):
        world.pattern(world.batch(torch.arange(3)))


def test_the_teacher_runs_in_the_mode_of_the_student():
    world = prepared()
    student, teacher = world.pattern.assignment.classifier, world.pattern.teacher.classifier
    student.net.eval()
    world.pattern(world.batch(torch.arange(4)))

    assert student.training
    assert teacher.training
    assert not any(layer.training for layer in teacher.net.modules())
