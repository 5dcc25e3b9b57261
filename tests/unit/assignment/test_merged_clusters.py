"""The strategy of JULE: its start, its end, and new samples."""

import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import nn

from dcrf.assignment.merged_clusters import MergedClusters
from dcrf.batch import Batch, DatasetPass, Place
from dcrf.errors import ClusteringError, TooFewSamplesError
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.parameter_files import part_tensors

PLACE = Place("blobs", "training")
GROUPS = torch.arange(3).repeat_interleave(20)
BLOBS = torch.tensor([[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]])[GROUPS]
BLOBS = BLOBS + torch.randn(60, 3, generator=torch.Generator().manual_seed(0))
SAMPLES = BLOBS.unsqueeze(1)


def data_pass(samples=SAMPLES):
    def run(function, indices):
        parts = indices.to(samples.device).split(40)
        return torch.cat([function(Batch(part, samples[part])) for part in parts])

    return DatasetPass(len(samples), run)


def build(n_clusters=3, num_neighbors=6):
    return MergedClusters(
        features=Features(TrainableMapping([nn.Flatten()])),
        n_clusters=n_clusters,
        merging_phase="training",
        num_neighbors=num_neighbors,
        affinity_scale=1.0,
        num_compared_clusters=5,
        gap_weight=1.0,
        min_cluster_size=1,
    )


def run(strategy, samples=SAMPLES):
    strategy.before_phase(PLACE, data_pass(samples))
    strategy.after_phase(PLACE, data_pass(samples))
    return strategy


def test_the_first_clusters_connect_nearest_neighbors_by_their_angle():
    angles = torch.tensor([0.0, 0.1, 1.0, 1.2, 1.25, 2.0, 2.2])
    lengths = torch.tensor([1.0, 9.0, 2.0, 30.0, 0.1, 4.0, 1.0])
    samples = torch.stack([angles.cos(), angles.sin()], dim=1) * lengths.unsqueeze(1)
    strategy = build(num_neighbors=2)

    strategy.before_phase(PLACE, data_pass(samples))

    assert strategy.merged.clusters.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert strategy.current_clusters(torch.tensor([6, 0])).tolist() == [2, 0]


def test_after_the_phase_k_clusters_are_left_and_samples_get_theirs():
    strategy = run(build())

    clusters = strategy.clusters(SAMPLES)

    assert torch.equal(clusters, strategy.merged.clusters)
    assert adjusted_rand_score(GROUPS, clusters) == 1


def test_a_new_sample_gets_the_cluster_of_the_nearest_one():
    strategy = run(build())
    new = SAMPLES[[0, 25, 50]] + 0.01

    assert torch.equal(strategy.clusters(new), strategy.merged.clusters[[0, 25, 50]])


def test_another_phase_changes_nothing():
    strategy, other = run(build()), Place("blobs", "later")
    before = part_tensors(strategy.owned())
    strategy.before_phase(other, data_pass(SAMPLES.flip(0)))
    strategy.after_phase(other, data_pass(SAMPLES.flip(0)))

    assert all(torch.equal(before[name], v) for name, v in part_tensors(strategy.owned()).items())


def test_it_is_not_ready_before_the_phase_has_ended():
    strategy = build()
    strategy.before_phase(PLACE, data_pass())

    assert "until phase 'training' has ended" in strategy.why_not_ready()


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_too_few_samples_are_refused(device):
    few = data_pass(SAMPLES[:6].to(device))

    with pytest.raises(ClusteringError, match="each of 6 samples has 5 neighbors"):
        build().before_phase(PLACE, few)
    with pytest.raises(TooFewSamplesError, match="6 samples cannot form 7 clusters"):
        build(n_clusters=7).before_phase(PLACE, few)


def test_on_the_meta_device_it_has_a_shape():
    samples = SAMPLES.to("meta")
    strategy = run(build().to("meta"), samples)

    assert strategy(samples).shape == (60, 3)
