"""Random clusters against what chance gives."""

import pytest
import torch
from scipy.stats import chisquare
from sklearn.metrics import normalized_mutual_info_score
from torch import Generator

from dcrf.clusterings.random import Random


def clusters_of(features, n_clusters=10, seed=0, others=None):
    fitted = Random().fit(features, n_clusters, Generator().manual_seed(seed))
    return fitted.log_assignments(features if others is None else others).argmax(1)


@pytest.fixture
def groups():
    """Ten tight groups of 300 samples."""
    generator = Generator().manual_seed(5)
    means = 3 * torch.randn(10, 8, generator=generator)
    return means.repeat(300, 1) + 0.3 * torch.randn(3000, 8, generator=generator)


@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_of_equal_expected_size(groups, seed):
    sizes = torch.bincount(clusters_of(groups, seed=seed), minlength=10)

    assert chisquare(sizes.numpy()).pvalue > 1e-3


def test_clusters_know_nothing_of_groups_and_seeds_nothing_of_each_other(groups):
    classes = torch.arange(10).repeat(300)
    first, second = clusters_of(groups), clusters_of(groups, seed=1)

    assert normalized_mutual_info_score(classes, first) < 0.02
    assert normalized_mutual_info_score(first, second) < 0.02


def test_new_samples_are_assigned_in_the_same_way(groups):
    halves = clusters_of(groups[:1500], others=groups[1500:])

    assert chisquare(torch.bincount(halves, minlength=10).numpy()).pvalue > 1e-3
    assert torch.equal(halves[:700], clusters_of(groups[:1500], others=groups[1500:2200]))


def test_rounding_of_features_changes_hardly_any_cluster(groups):
    rounded = groups * (1 + 1e-6)

    assert (clusters_of(groups) == clusters_of(groups, others=rounded)).float().mean() > 0.98


def test_equal_samples_have_the_same_cluster():
    assert len(clusters_of(torch.ones(20, 3)).unique()) == 1
