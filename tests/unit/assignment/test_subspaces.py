"""The strategy of ENRC and ACeDeC: its start and its assignments."""

import pytest
import torch
from torch import nn

from dcrf.assignment.subspaces import Subspaces
from dcrf.batch import Batch, DatasetPass, Place
from dcrf.clusterings.k_means import KMeans
from dcrf.errors import OptionError
from dcrf.functional.subspaces import subspace_k_means
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams
from dcrf.storage.parameter_files import part_tensors

PLACE = Place("blobs", "training")
GENERATOR = torch.Generator().manual_seed(0)
FIRST = torch.randint(3, (240,), generator=GENERATOR)
SECOND = torch.randint(2, (240,), generator=GENERATOR)
ROTATION = torch.linalg.qr(torch.randn(5, 5, generator=GENERATOR)).Q
SAMPLES = 0.3 * torch.randn(240, 5, generator=GENERATOR)
SAMPLES[:, :2] += torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])[FIRST]
SAMPLES[:, 2] += torch.tensor([0.0, 6.0])[SECOND]
SAMPLES = SAMPLES @ ROTATION


def build(others=(1,), phases=("training",), samples=SAMPLES, n_clusters=3):
    strategy = Subspaces(
        features=Features(TrainableMapping([nn.Identity()])),
        n_clusters=n_clusters,
        num_clusters_of_other_subspaces=others,
        clustering=KMeans(num_restarts=5),
        use_subspaces_during_phases=phases,
        streams=RandomStreams(0),
    )

    def run(function, indices):
        return torch.cat([function(Batch(part, samples[part])) for part in indices.split(100)])

    strategy.before_phase(PLACE, DatasetPass(len(samples), run))
    return strategy


def n_groups(clusters, others):
    return torch.stack([clusters, others]).unique(dim=1).shape[1]


def test_the_first_subspace_finds_the_clusters_and_its_weights_are_on_their_dimensions():
    strategy = build()
    weights = strategy.subspaces.weights()

    assert n_groups(strategy.clusters(SAMPLES), FIRST) == 3
    assert weights[0, :2].min() > 0.9
    assert weights[0, 3:].max() < 0.6
    torch.testing.assert_close(weights.sum(dim=0), torch.ones(5))


def test_two_cluster_spaces_find_two_clusterings():
    strategy = build((2, 1))
    own = strategy.subspaces
    first, second, shared = own.nearest_centers(SAMPLES @ own.rotation.detach())

    assert n_groups(first, FIRST) == 3
    assert n_groups(second, SECOND) == 2
    assert not shared.any()


def test_rotation_and_weights_start_at_an_optimum_of_the_loss():
    own = build().subspaces
    loss = subspace_k_means(SAMPLES @ own.rotation, own.split(own.centers), own.weights())

    assert torch.autograd.grad(loss, own.logits)[0].abs().max() < 1e-3 * loss.item()


def test_centers_are_those_of_the_clusters_in_feature_space():
    strategy = build()
    clusters = strategy.clusters(SAMPLES)
    means = torch.stack([SAMPLES[clusters == k].mean(dim=0) for k in range(3)])

    torch.testing.assert_close(strategy.cluster_centers(), means, rtol=1e-4, atol=1e-3)


def test_numbering_clusters_in_another_way_numbers_the_assignments_in_the_same_way():
    strategy, order = build(), torch.tensor([2, 0, 1, 3])
    before = strategy.clusters(SAMPLES)
    strategy.subspaces.centers = strategy.subspaces.centers[order]

    assert torch.equal(order[strategy.clusters(SAMPLES)], before)


def test_more_subspaces_than_dimensions_are_refused():
    with pytest.raises(OptionError, match=r"3 subspaces need .* not 2") as caught:
        build((1, 1), samples=SAMPLES[:, :2])
    assert caught.value.key == "num_clusters_of_other_subspaces"


def test_later_phases_keep_the_subspaces_and_others_do_not_start_them():
    strategy = build()
    rotation = strategy.subspaces.rotation
    strategy.before_phase(PLACE, None)

    assert strategy.subspaces.rotation is rotation
    assert "use_subspaces_during_phases" in build(phases=["later"]).why_not_ready()


def test_saved_parameters_fill_a_strategy_that_has_never_been_initialized():
    strategy, other = build(), build(phases=["later"])

    other.owned().load_state_dict(part_tensors(strategy.owned()))

    assert torch.equal(other.clusters(SAMPLES), strategy.clusters(SAMPLES))


def test_on_the_meta_device_it_has_a_shape():
    strategy = build(phases=["later"]).to("meta")
    strategy.phases = {"training"}
    samples = SAMPLES.to("meta")
    strategy.before_phase(PLACE, DatasetPass(240, lambda f, i: f(Batch(i, samples))))

    assert strategy(samples).shape == (240, 3)
