"""The strategy of DipEncoder: its start and its votes."""

import torch
from torch import nn

from dcrf.assignment.dip_projections import DipProjections
from dcrf.batch import Batch, DatasetPass, Place
from dcrf.clusterings.k_means import KMeans
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams
from dcrf.storage.parameter_files import part_tensors

PLACE = Place("blobs", "training")
CENTERS = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
CLUSTERS = torch.arange(3).repeat_interleave(20)
BLOBS = CENTERS[CLUSTERS] + torch.randn(60, 2, generator=torch.Generator().manual_seed(0))


def build(samples=BLOBS, phases=("training",)):
    strategy = DipProjections(
        features=Features(TrainableMapping([nn.Identity()])),
        n_clusters=3,
        clustering=KMeans(num_restarts=2),
        use_projections_during_phases=phases,
        streams=RandomStreams(0),
    )

    def run(function, indices):
        return torch.cat([function(Batch(part, samples[part])) for part in indices.split(40)])

    strategy.before_phase(PLACE, DatasetPass(len(samples), run))
    return strategy


def test_axes_start_as_differences_of_centers_and_votes_divide_the_blobs():
    strategy = build()
    clusters = strategy.clusters(BLOBS)
    centers = torch.stack([BLOBS[clusters == k].mean(dim=0) for k in range(3)])
    differences = [centers[0] - centers[1], centers[0] - centers[2], centers[1] - centers[2]]

    torch.testing.assert_close(strategy.projections.axes.detach(), torch.stack(differences))
    pairs = torch.stack([CLUSTERS, clusters]).unique(dim=1)
    assert pairs.shape[1] == 3  # the same groups


def test_numbering_clusters_in_another_way_numbers_the_votes_in_the_same_way():
    strategy, order = build(), torch.tensor([2, 0, 1])
    clusters = strategy.clusters(BLOBS)
    pairs = {(0, 1): 0, (0, 2): 1, (1, 2): 2}
    renumbered = [pairs[tuple(sorted((int(order[m]), int(order[n]))))] for m, n in pairs]
    axes = torch.empty(3, 2)
    axes[renumbered] = strategy.projections.axes.detach()
    other = build()
    other.projections.set_axes(axes)

    other.move_thresholds(BLOBS, order[clusters])

    assert torch.equal(other.clusters(BLOBS), order[clusters])


def test_later_phases_keep_the_axes_and_others_do_not_start_them():
    strategy = build()
    axes = strategy.projections.axes
    strategy.before_phase(PLACE, None)

    assert strategy.projections.axes is axes
    assert "use_projections_during_phases" in build(phases=["later"]).why_not_ready()


def test_saved_parameters_fill_a_strategy_that_has_never_been_initialized():
    strategy, other = build(), build(phases=["later"])

    other.owned().load_state_dict(part_tensors(strategy.owned()))

    assert torch.equal(other.clusters(BLOBS), strategy.clusters(BLOBS))


def test_on_the_meta_device_it_has_a_shape():
    strategy = build(phases=["later"]).to("meta")
    strategy.phases = {"training"}
    samples = BLOBS.to("meta")
    strategy.before_phase(PLACE, DatasetPass(60, lambda f, i: f(Batch(i, samples))))

    assert strategy(samples).shape == (60, 3)
