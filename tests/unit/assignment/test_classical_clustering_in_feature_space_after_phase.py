"""Clusters that form once, after a phase."""

import pytest
import torch
from torch import nn

from dcrf.assignment.classical_clustering_in_feature_space_after_phase import (
    ClassicalClusteringInFeatureSpaceAfterPhase,
)
from dcrf.batch import Batch, DatasetPass, Place
from dcrf.clusterings.base import NearestCenter
from dcrf.clusterings.k_means import KMeans
from dcrf.errors import TrainingError
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import draw_seed

SAMPLES = torch.cat([torch.zeros(10, 2), torch.ones(10, 2) * 4])


def run(function, indices):
    return torch.cat([function(Batch(part, SAMPLES[part])) for part in indices.split(4)])


data_pass = DatasetPass(len(SAMPLES), run)


def build(**changes):
    return ClassicalClusteringInFeatureSpaceAfterPhase(
        **{
            "features": Features(TrainableMapping([nn.Identity()])),
            "classical_clustering_in_feature_space_after_phase": "pretraining",
            "classical_clustering_method_after_phase": KMeans(num_restarts=2),
            "n_clusters": 2,
            "generator": torch.Generator().manual_seed(0),
        }
        | changes
    )


@pytest.fixture
def strategy():
    return build()


def test_nothing_can_be_assigned_before_the_phase_has_ended(strategy):
    strategy.after_phase(Place("data", "another"), data_pass)

    assert "after phase 'pretraining'" in strategy.why_not_ready()
    with pytest.raises(TrainingError, match="pretraining"):
        strategy(SAMPLES)


def test_each_sample_belongs_to_its_nearest_center_alone(strategy):
    strategy.after_phase(Place("data", "pretraining"), data_pass)
    assignments = strategy(torch.tensor([[0.5, 0.0], [3.0, 3.0], [0.1, 0.2]])).exp()

    assert strategy.why_not_ready() is None
    assert assignments.sum(1).tolist() == [1, 1, 1]
    assert torch.equal(assignments[0], assignments[2])
    assert not torch.equal(assignments[0], assignments[1])


def test_the_clustering_gets_all_features_and_draws_anew_each_time():
    calls = []

    class Recorded(KMeans):
        def fit(self, features, n_clusters, generator):
            calls.append((len(features), n_clusters, draw_seed(generator)))
            return NearestCenter(torch.zeros(n_clusters, 2))

    strategy = build(classical_clustering_method_after_phase=Recorded(num_restarts=1))
    strategy.after_phase(Place("data", "pretraining"), data_pass)
    strategy.after_phase(Place("data", "pretraining"), data_pass)

    assert [call[:2] for call in calls] == [(20, 2)] * 2
    assert calls[0][2] != calls[1][2]


def test_the_clusters_are_part_of_the_model(strategy):
    assert strategy.cluster_centers() is None
    strategy.after_phase(Place("data", "pretraining"), data_pass)

    assert sorted(strategy.state_dict()["fitted.centers"].mean(1).tolist()) == [0, 4]
    assert torch.equal(strategy.cluster_centers(), strategy.state_dict()["fitted.centers"])


def test_the_nearest_center_is_right_far_from_the_origin(strategy):
    """Gaps of 0.05 at 1,000; torch.cdist expands the square above 25 rows by default."""
    centers = 1000 + 0.05 * torch.arange(2.0).unsqueeze(1).expand(2, 3)
    strategy.fitted = NearestCenter(centers)
    rows = torch.arange(256) % 2

    assert torch.equal(strategy(centers[rows] + 0.005).argmax(1), rows)
