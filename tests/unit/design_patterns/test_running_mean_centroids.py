import torch
from sklearn.cluster import MiniBatchKMeans

from dcrf.batch import Clock
from tests.cases.tiny import CASES, N_CLUSTERS, N_SAMPLES, World

ENTRY = CASES["running_mean_centroids"]


def moved(world, indices):
    """Centroids and counts after the updates of the paper, one sample after the other."""
    features = world.mappings["encoder"](world.data.samples[indices]).detach().double()
    centroids, counts = world.centroids.values.detach().double(), world.pattern.counts.tolist()
    nearest = torch.cdist(features, centroids).argmin(dim=1).tolist()
    for feature, k in zip(features, nearest, strict=True):
        counts[k] += 1
        centroids[k] -= (centroids[k] - feature) / counts[k]
    return centroids.float(), counts


def test_centroids_move_toward_the_features_of_their_samples():
    world, indices = World({**ENTRY, "initial_count": 5}), torch.arange(12)
    centroids, counts = moved(world, indices)

    assert world.act(indices) == {}

    torch.testing.assert_close(world.centroids.values.detach(), centroids, rtol=1e-4, atol=1e-5)
    assert world.pattern.counts.tolist() == counts
    assert sum(counts) == 5 * N_CLUSTERS + 12


def test_the_counts_grow_from_100_by_default_and_are_state():
    world, other = World(ENTRY), World(ENTRY)
    for start in (0, 9):
        world.act(torch.arange(start, start + 9))
    other.pattern.load_state_dict(world.pattern.state_dict())

    assert other.pattern.counts.sum() == 100 * N_CLUSTERS + 18
    assert torch.equal(other.pattern.counts, world.pattern.counts)


def test_features_are_those_after_the_step_in_evaluation_mode():
    world = World(ENTRY)
    modes = []
    world.mappings["encoder"].register_forward_hook(
        lambda module, *_: modes.append(module.training)
    )
    batch = world.batch(torch.arange(6))
    world.pattern(batch)
    assert modes == []

    world.pattern.after_step(Clock(1, 1), batch)

    assert modes == [False]


def test_the_parameter_stays_the_same_object_for_its_optimizer():
    world = World(ENTRY)
    parameter = world.centroids.values
    world.act(torch.arange(6))

    assert world.centroids.values is parameter
    assert parameter.requires_grad


def test_without_initial_counts_it_is_mini_batch_k_means():
    world = World({**ENTRY, "initial_count": 0})
    features = world.mappings["encoder"](world.data.samples).detach().numpy()
    reference = MiniBatchKMeans(
        N_CLUSTERS, init=world.centroids.values.detach().numpy().copy(), n_init=1,
        reassignment_ratio=0,
    )  # fmt: skip
    for start in range(0, 60, 5):
        indices = torch.arange(start, start + 5) % N_SAMPLES
        world.act(indices)
        reference.partial_fit(features[indices])

    expected = torch.from_numpy(reference.cluster_centers_)
    torch.testing.assert_close(world.centroids.values.detach(), expected, rtol=1e-4, atol=1e-5)
