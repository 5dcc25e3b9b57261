import pytest
import torch
from scipy.spatial.distance import cdist

from dcrf.batch import Clock, DatasetPass
from dcrf.errors import OptionError
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["neighbor_consistency"]


def prepared(**changes):
    world = World({**ENTRY, **changes})
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbors_are_the_nearest_other_samples_in_feature_space(metric):
    world = prepared(neighbor_metric=metric)
    features = world.mappings["encoder"](world.data.samples).detach()
    distances = torch.from_numpy(cdist(features, features, metric)).fill_diagonal_(torch.inf)

    assert torch.equal(world.pattern.neighbors.indices, distances.argsort(dim=1)[:, :4])


def test_it_is_the_inner_product_of_both_assignments():
    world = prepared(batch_augmentation_name="noisy", neighbor_batch_augmentation_name="shifted")
    indices = torch.tensor([4, 9, 1])
    state = world.generator.get_state()
    drawn = world.pattern.companions(indices).squeeze(1)
    world.generator.set_state(state)
    p = world.pattern.assignment(world.data.views["noisy"][indices]).exp()
    q = world.pattern.assignment(world.data.views["shifted"][drawn]).exp()

    loss = world.pattern(world.batch(indices))["consistency"]

    torch.testing.assert_close(loss, -(p * q).sum(dim=1).log().mean())


def test_each_neighbor_is_drawn_as_often_as_the_others():
    world = prepared()
    draws = torch.cat([world.pattern.companions(torch.tensor([5])) for _ in range(400)])
    drawn, counts = draws.unique(return_counts=True)

    assert drawn.tolist() == sorted(world.pattern.neighbors.indices[5].tolist())
    assert counts.min() > 60  # of 100 expected


def test_neighbors_are_mined_once_and_restored():
    world, other = prepared(), World(ENTRY, seed=1)
    before = world.pattern.neighbors.indices
    other.pattern.load_state_dict(world.pattern.state_dict())

    def refuse(function, indices):
        raise AssertionError("they are known")

    for pattern in (world.pattern, other.pattern):
        pattern.before_iteration(Clock(1, 2), DatasetPass(N_SAMPLES, refuse))

    assert world.pattern.neighbors.indices is before
    assert torch.equal(other.pattern.neighbors.indices, before)


def test_all_other_samples_can_be_neighbors_and_no_more():
    assert prepared(num_neighbors=20).pattern.neighbors.indices.shape == (N_SAMPLES, 20)
    with pytest.raises(OptionError, match=r"21 neighbors .* 22 samples, .* has 21") as caught:
        prepared(num_neighbors=21)
    assert caught.value.key == "num_neighbors"


def test_without_neighbors_it_names_the_missing_call():
    with pytest.raises(RuntimeError, match="before_iteration"):
        World(ENTRY).pattern.companions(torch.arange(2))
