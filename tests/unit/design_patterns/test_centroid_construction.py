import pytest
import torch

from dcrf.batch import Clock, DatasetPass
from dcrf.functional.assignments import student_t_log_assignments
from dcrf.functional.centroid_construction import first_thresholds, lowered
from tests.cases.tiny import CASES, N_CLUSTERS, N_SAMPLES, World

ENTRY = CASES["centroid_construction"]


def features_of(world):
    return world.mappings["encoder"](world.data.samples).detach()


def prepared(**options):
    world = World({**ENTRY, **options})
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def refuse(function, indices):
    raise AssertionError("no count is due")


def test_centroids_become_codes_of_the_nearest_samples_and_are_decoded():
    world = World(ENTRY)
    before = world.centroids.values.detach().clone()
    features = features_of(world)
    nearest = torch.cdist(before, features).argmin(dim=1)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    decoded = world.mappings["decoder"](features[nearest]).detach()

    torch.testing.assert_close(world.centroids.values.detach(), features[nearest])
    torch.testing.assert_close(world.pattern.decoded, decoded)


def reference(world, indices):
    """The targets sample by sample: centroids for clear samples, and themselves for others."""
    codes, decoder = features_of(world), world.mappings["decoder"]
    first, margin, *_ = world.pattern.thresholds.tolist()
    centroids = world.centroids.values.detach()
    code, sample = [], []
    for index in indices.tolist():
        q = student_t_log_assignments(codes[index : index + 1], centroids).exp()[0].tolist()
        order = sorted(range(len(q)), key=lambda c: -q[c])
        is_clear = q[order[0]] > first and q[order[0]] - q[order[1]] > margin
        target = centroids[order[0]] if is_clear else codes[index]
        image = world.pattern.decoded[order[0]] if is_clear else world.data.samples[index]
        output = decoder(codes[index : index + 1]).flatten().detach()
        code.append(((codes[index] - target) ** 2).mean())
        sample.append(((output - image.flatten()) ** 2).mean())
    return {"code": torch.stack(code).mean(), "sample": torch.stack(sample).mean()}


@pytest.mark.parametrize("confidence", [0.2, 0.5, 0.8, 1.05, 2.9])
def test_losses_are_those_of_the_reference(confidence):
    world, indices = prepared(confidence=confidence), torch.arange(N_SAMPLES)

    losses = world.pattern(world.batch(indices))

    expected = reference(world, indices)
    torch.testing.assert_close({k: v.detach() for k, v in losses.items()}, expected)


def test_a_sample_is_clear_or_reconstructed():
    all_clear, none_clear = prepared(confidence=1e-6), prepared(confidence=3.0)
    indices = torch.arange(N_SAMPLES)

    assert all_clear.pattern._is_clear(features_of(all_clear)).all()
    assert none_clear.pattern(none_clear.batch(indices))["code"] == 0


def test_targets_are_those_of_the_default_view():
    world = prepared(batch_augmentation_name="noisy", confidence=3.0)
    batch = world.batch(torch.arange(5))
    outputs = world.mappings["decoder"](world.mappings["encoder"](batch.samples))
    expected = (outputs.flatten(1) - world.data.samples[:5].flatten(1)).square().mean()

    assert not torch.equal(batch.samples, batch.clean)
    torch.testing.assert_close(world.pattern(batch)["sample"], expected)


def test_gradients_reach_the_autoencoder_only():
    world = prepared()
    sum(world.pattern(world.batch(torch.arange(N_SAMPLES))).values()).backward()

    assert world.centroids.values.grad is None
    assert all(p.grad is not None for p in world.mappings["encoder"].parameters())
    assert all(p.grad is not None for p in world.mappings["decoder"].parameters())


def test_thresholds_fall_and_centroids_are_new_unless_unclear_samples_become_fewer():
    world = prepared(confidence=0.5)
    pattern, start = world.pattern, torch.tensor(first_thresholds(0.5, N_CLUSTERS))
    n_unclear, centroids = int(pattern.n_unclear), world.centroids.values.detach().clone()
    pattern.n_unclear.fill_(n_unclear + 1)
    pattern.before_iteration(Clock(1, 140), world.data_pass)

    torch.testing.assert_close(pattern.thresholds.float(), start)
    assert torch.equal(world.centroids.values, centroids)

    pattern.before_iteration(Clock(1, 280), world.data_pass)
    fallen = torch.tensor(lowered(first_thresholds(0.5, N_CLUSTERS), N_CLUSTERS))

    torch.testing.assert_close(pattern.thresholds.float(), fallen)
    assert int(pattern.n_unclear) == n_unclear
    features = features_of(world)
    assert torch.cdist(world.centroids.values.detach(), features).min(dim=1).values.max() < 1e-5


@pytest.mark.parametrize(("iteration", "is_due"), [(2, False), (139, False), (140, True)])
def test_samples_are_counted_every_interval(iteration, is_due):
    world = prepared()
    counted = []

    def run(function, indices):
        counted.append(len(indices))
        return world.data_pass.run(function, indices)

    data_pass = DatasetPass(N_SAMPLES, run if is_due else refuse)
    world.pattern.before_iteration(Clock(1, iteration), data_pass)

    assert bool(counted) == is_due
