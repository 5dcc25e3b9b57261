import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from torch import nn

from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.batch import Clock, DatasetPass
from dcrf.design_patterns.self_augmentation import SelfAugmentation
from dcrf.errors import OptionError
from dcrf.mappings.mapping import TrainableMapping
from tests.cases.tiny import CASES, N_SAMPLES, VARIANTS, World, changed

ENTRY = CASES["self_augmentation"]
RANDOM, VIEW, _ = (changed(ENTRY, change) for change in VARIANTS["self_augmentation"])


def prepared(entry, **changes):
    world = World(changed(entry, changes), torch.float64)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def perturbed_samples(world, indices):
    """The samples at which the assignment is computed, in order: clean, then perturbed ones."""
    seen = []
    handle = world.pattern.assignment.register_forward_hook(lambda m, args, out: seen.append(*args))
    world.pattern(world.batch(indices))
    handle.remove()
    return seen


def test_a_radius_is_a_factor_of_the_distance_to_the_neighbor_of_a_rank():
    world = prepared(ENTRY)
    distances = cdist(world.data.samples, world.data.samples)
    distances.sort(axis=1)

    torch.testing.assert_close(world.pattern.radii, torch.from_numpy(0.25 * distances[:, 4]))


def test_the_loss_is_the_divergence_between_two_views():
    world, indices = prepared(VIEW), torch.tensor([4, 9, 1])
    p, q = (
        world.pattern.assignment(world.data.views[view][indices]).exp().detach()
        for view in ("noisy", "shifted")
    )

    loss = world.pattern(world.batch(indices))["divergence"]

    assert loss.item() == pytest.approx(entropy(p, q, axis=1).mean())


@pytest.mark.parametrize("entry", [ENTRY, RANDOM])
def test_samples_are_moved_by_their_radii(entry):
    world, indices = prepared(entry), torch.tensor([4, 9, 1])
    clean, *_, perturbed = perturbed_samples(world, indices)

    torch.testing.assert_close((perturbed - clean).norm(dim=1), world.pattern.radii[indices])


def test_adversarial_perturbations_change_assignments_more_than_random_ones():
    indices, losses = torch.arange(N_SAMPLES), {}
    for name in ("random", "adversarial"):
        probe = {"probe_radius": 0.1, "num_power_iterations": 2} if name == "adversarial" else {}
        world = prepared(
            ENTRY,
            **{"probe_radius": None, "num_power_iterations": None, "perturbation": name, **probe},
        )
        values = [world.pattern(world.batch(indices))["divergence"].item() for _ in range(20)]
        losses[name] = sum(values) / 20

    assert losses["adversarial"] > 1.5 * losses["random"]


def test_gradient_flows_through_the_perturbed_samples_only():
    """With the clean assignment fixed by hand, the gradient is the same."""
    world, indices = prepared(VIEW), torch.arange(6)
    batch, parameters = world.batch(indices), [*world.mappings["encoder"].parameters()]
    loss = world.pattern(batch)["divergence"]
    target = world.pattern.assignment(batch.views["first"]).exp().detach()
    cross_entropy = -(target * world.pattern.assignment(batch.views["second"])).sum(1).mean()

    torch.testing.assert_close(
        torch.autograd.grad(loss, parameters), torch.autograd.grad(cross_entropy, parameters)
    )


def test_perturbed_samples_do_not_enter_the_statistics_of_batch_norm():
    world = prepared(ENTRY)
    norm = nn.BatchNorm1d(4).double()
    head = TrainableMapping([nn.Linear(4, 3).double()], prior=TrainableMapping([norm]))
    pattern = SelfAugmentation(
        assignment=ClassProbabilities(head, 3),
        perturbation="adversarial",
        radius_factor=0.25,
        radius_num_neighbors=4,
        probe_radius=1.0,
        num_power_iterations=2,
        generator=world.generator,
    )
    pattern.before_iteration(Clock(1, 1), world.data_pass)
    batch = world.batch(torch.arange(12))
    pattern(batch)

    torch.testing.assert_close(norm.running_mean, 0.1 * batch.samples.mean(dim=0))
    assert norm.num_batches_tracked == 1


def test_radii_are_measured_once_and_restored():
    world, other = prepared(ENTRY), World(ENTRY, seed=1)
    before = world.pattern.radii
    other.pattern.load_state_dict(world.pattern.state_dict())

    def refuse(function, indices):
        raise AssertionError("they are known")

    for pattern in (world.pattern, other.pattern):
        pattern.before_iteration(Clock(1, 2), DatasetPass(N_SAMPLES, refuse))

    assert world.pattern.radii is before
    assert torch.equal(other.pattern.radii, before)


def test_views_need_no_radii():
    assert prepared(VIEW).pattern.radii is None


def test_a_rank_as_large_as_the_data_set_is_an_error_of_its_key():
    with pytest.raises(OptionError, match=r"neighbor 21 .* 22 samples, .* has 21") as caught:
        prepared(ENTRY, radius_num_neighbors=21)
    assert caught.value.key == "radius_num_neighbors"


def test_without_radii_it_names_the_missing_call():
    world = World(ENTRY)
    with pytest.raises(RuntimeError, match="before_iteration"):
        world.pattern(world.batch(torch.arange(2)))
