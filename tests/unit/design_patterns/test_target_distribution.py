from itertools import pairwise

import pytest
import torch

from dcrf.batch import Clock
from dcrf.functional.assignments import target_distribution
from tests.cases.tiny import CASES, N_CLUSTERS, N_SAMPLES, World, changed

ENTRY = CASES["target_distribution"]


def divergence(world, indices, iteration=1):
    return world.losses(torch.tensor(indices), iteration)["divergence"]


def test_it_is_the_divergence_from_log_q_of_the_batch():
    world = World(ENTRY)
    loss = divergence(world, [4, 9, 1])
    q = world.pattern.assignment(world.data.samples).exp()
    p = target_distribution(q)
    terms = [(p[i] * (p[i] / q[i]).log()).sum() for i in (4, 9, 1)]

    torch.testing.assert_close(loss, sum(terms) / 3)


def test_it_is_zero_if_target_and_assignments_are_equal():
    world = World(ENTRY)
    world.pattern.target = world.pattern.assignment(world.data.samples).exp().detach()

    assert divergence(world, [0, 1, 2]).item() == pytest.approx(0, abs=1e-6)


def test_targets_belong_to_samples_and_not_to_places_in_the_batch():
    world = World(ENTRY)
    separate = [divergence(world, [i]) for i in (20, 3, 11)]

    torch.testing.assert_close(divergence(world, [20, 3, 11]), sum(separate) / 3)


def test_the_target_is_made_at_first_and_whenever_it_is_due():
    world = World({**ENTRY, "target_distribution_recalculation_interval": 3})
    targets = []
    for iteration in range(1, 7):
        world.pattern.before_iteration(Clock(1, iteration), world.data_pass)
        targets.append(world.pattern.target)
        world.centroids.values.data += 0.1

    assert targets[0].shape == (N_SAMPLES, N_CLUSTERS)
    assert [a is b for a, b in pairwise(targets)] == [True, False, True, True, False]


def test_the_target_comes_from_the_default_view_and_q_from_the_named_one():
    world = World({**ENTRY, "batch_augmentation_name": "shifted"})
    loss = divergence(world, [0, 1])
    q = world.pattern.assignment(world.data.views["shifted"][:2]).exp()
    p = target_distribution(world.pattern.assignment(world.data.samples).exp())[:2]

    torch.testing.assert_close(loss, (p * (p / q).log()).sum() / 2)


def test_no_gradient_flows_through_the_target():
    world = World(ENTRY)
    divergence(world, [0, 1])

    assert not world.pattern.target.requires_grad


def test_targets_of_a_batch_cover_the_batch_alone_and_come_from_the_default_view():
    options = {"target_scope": "batch", "target_distribution_recalculation_interval": None}
    world = World(changed(ENTRY, {**options, "batch_augmentation_name": "shifted"}))
    indices = [4, 9, 1, 20]
    loss = divergence(world, indices)
    q = world.pattern.assignment(world.data.views["shifted"][indices]).exp()
    p = target_distribution(world.pattern.assignment(world.data.samples[indices]).exp())

    torch.testing.assert_close(loss, (p * (p / q).log()).sum() / 4)
    assert world.pattern.target is None


def test_targets_of_a_batch_have_no_gradient():
    options = {"target_scope": "batch", "target_distribution_recalculation_interval": None}
    world = World(changed(ENTRY, options))
    divergence(world, [4, 9, 1]).backward()
    log_q = world.pattern.assignment(world.data.samples[[4, 9, 1]])
    p = target_distribution(log_q.exp())
    expected = torch.autograd.grad((p * (p.log() - log_q)).sum() / 3, world.centroids.values)

    torch.testing.assert_close(world.centroids.values.grad, *expected)


def test_the_power_of_a_schedule_is_that_of_the_iteration_in_which_the_target_is_made():
    rising = {
        "schedule": "linear",
        "from": 1,
        "to": 3,
        "start_iteration": 0,
        "end_iteration": 4,
        "unit": "iteration",
    }
    world = World(
        {**ENTRY, "target_power": rising, "target_distribution_recalculation_interval": 3}
    )
    q = world.pattern.assignment(world.data.samples).exp()
    for iteration, power in ((1, 1.0), (2, 1.0), (3, 2.0), (6, 3.0)):
        world.pattern.before_iteration(Clock(1, iteration), world.data_pass)

        torch.testing.assert_close(world.pattern.target, target_distribution(q, power))


def test_a_loaded_target_is_not_made_again():
    world, other = World(ENTRY), World(ENTRY, seed=1)
    divergence(world, [0])
    other.pattern.load_state_dict(world.pattern.state_dict())
    target = other.pattern.target
    divergence(other, [0], iteration=2)

    assert other.pattern.target is target
    assert (target == world.pattern.target).all()


def test_the_target_follows_the_pattern_to_another_type():
    world = World(ENTRY)
    divergence(world, [0])

    assert world.pattern.double().target.dtype == torch.float64


def test_without_a_target_it_names_the_missing_call():
    world = World(ENTRY)
    with pytest.raises(RuntimeError, match="before_iteration"):
        world.pattern(world.batch(torch.arange(2)))


def test_replaced_clusters_get_their_own_target():
    world = World(ENTRY)
    divergence(world, [0])
    before = world.pattern.target.clone()
    world.centroids.set_values(world.centroids.values.detach().flip(0))

    world.pattern.forget_clusters()
    world.pattern.before_iteration(Clock(2, 2), world.data_pass)

    q = world.pattern.assignment(world.data.samples).exp()
    torch.testing.assert_close(world.pattern.target, target_distribution(q))
    torch.testing.assert_close(world.pattern.target, before.flip(1))
