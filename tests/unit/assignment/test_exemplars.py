"""The strategy of DipDECK: its start, and exemplars nearest to means."""

import torch
from torch import nn

from dcrf.assignment.exemplars import Exemplars
from dcrf.batch import Batch, DatasetPass, Place
from dcrf.clusterings.k_means import KMeans
from dcrf.functional.dip_merging import Merged
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams
from dcrf.storage.parameter_files import part_tensors

PLACE = Place("blobs", "training")
CLUSTERS = torch.arange(3).repeat_interleave(20)
BLOBS = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])[CLUSTERS]
BLOBS = BLOBS + torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
SAMPLES = BLOBS.unsqueeze(1)


def data_pass(samples=SAMPLES):
    def run(function, indices):
        return torch.cat([function(Batch(part, samples[part])) for part in indices.split(40)])

    return DatasetPass(len(samples), run)


def build(phases=("training",)):
    strategy = Exemplars(
        features=Features(TrainableMapping([nn.Flatten()])),
        initial_num_clusters=3,
        clustering=KMeans(num_restarts=2),
        use_exemplars_during_phases=phases,
        streams=RandomStreams(0),
    )
    strategy.before_phase(PLACE, data_pass())
    return strategy


def test_exemplars_are_the_samples_nearest_to_the_centers():
    strategy = build()
    clusters = strategy.clusters(SAMPLES)

    assert torch.stack([CLUSTERS, clusters]).unique(dim=1).shape[1] == 3
    for k in range(3):
        own = BLOBS[clusters == k]
        nearest = own[(own - own.mean(dim=0)).norm(dim=1).argmin()]
        assert torch.equal(strategy.exemplars.samples[k, 0], nearest)


def test_numbers_of_clusters_follow_the_order_of_the_means():
    strategy, order = build(), torch.tensor([2, 0, 1])
    before, centers = strategy.clusters(SAMPLES), strategy.centers()[order]
    strategy.choose(BLOBS, Merged(CLUSTERS, centers, torch.zeros(3, 3)), data_pass())

    assert torch.equal(order[strategy.clusters(SAMPLES)], before)


def test_fewer_clusters_are_chosen_and_saved():
    strategy, other = build(), build(phases=["later"])
    means = torch.tensor([[0.0, 0.0], [9.0, 9.0]])
    strategy.choose(BLOBS, Merged(CLUSTERS, means, torch.zeros(2, 2)), data_pass())
    other.owned().load_state_dict(part_tensors(strategy.owned()))

    assert strategy(SAMPLES).shape == (60, 2)
    assert torch.equal(other(SAMPLES), strategy(SAMPLES))


def test_another_phase_does_not_choose_exemplars():
    assert "use_exemplars_during_phases" in build(phases=["later"]).why_not_ready()


def test_on_the_meta_device_it_has_a_shape():
    strategy = build(phases=["later"]).to("meta")
    strategy.phases = {"training"}
    samples = SAMPLES.to("meta")
    strategy.before_phase(PLACE, DatasetPass(60, lambda f, i: f(Batch(i, samples[i.to("meta")]))))

    assert strategy(samples).shape == (60, 3)


def test_more_clusters_than_now_are_loaded():
    strategy = build()
    before = {name: value.clone() for name, value in strategy.owned().state_dict().items()}
    expected = strategy(SAMPLES)
    means = torch.tensor([[0.0, 0.0], [9.0, 9.0]])
    strategy.choose(BLOBS, Merged(CLUSTERS, means, torch.zeros(2, 2)), data_pass())

    strategy.owned().load_state_dict(before)

    assert torch.equal(strategy(SAMPLES), expected)
