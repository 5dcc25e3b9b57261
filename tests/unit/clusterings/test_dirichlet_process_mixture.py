"""Dirichlet process mixtures: the number that is found, and what small or equal data give."""

import pytest
import torch
from torch import Generator

from dcrf.clusterings.dirichlet_process_mixture import DirichletProcessMixture
from dcrf.functional.assignments import most_probable_clusters
from dcrf.functional.normal_inverse_wishart import NormalInverseWishart


def mixture(**changes):
    return DirichletProcessMixture(
        **{"concentration": 10.0, "prior_scale": 0.1, "initial_clusters": 1, "max_em_steps": 100}
        | changes
    )


def groups(number, n=40, width=3, offset=0.0):
    generator = Generator().manual_seed(0)
    means = 30 * torch.randn(number, width, generator=generator)
    shapes = torch.randn(number, width, width, generator=generator)
    own = torch.arange(number).repeat(n)
    noise = torch.randn(number * n, width, generator=generator)
    return offset + means[own] + torch.einsum("nij,nj->ni", shapes[own], noise), own


@pytest.mark.parametrize("number", [1, 2, 7])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_the_number_of_groups_of_any_shape_is_found(number, offset):
    samples, own = groups(number, offset=offset)

    fitted = mixture().fit(samples, 99, Generator())
    clusters = most_probable_clusters(fitted.log_assignments(samples))

    assert fitted.n_clusters_found == number
    pairs = {(a, b) for a, b in zip(own.tolist(), clusters.tolist(), strict=True)}
    assert len(pairs) == number


def test_the_number_does_not_depend_on_the_unit():
    samples, _ = groups(5)

    numbers = {
        mixture().fit(samples * unit, 2, Generator()).n_clusters_found for unit in (1e-6, 1, 1e6)
    }

    assert numbers == {5}


def test_a_wide_prior_joins_what_a_narrow_one_separates():
    samples, _ = groups(6)

    narrow, wide = (mixture(prior_scale=scale).fit(samples, 2, Generator()) for scale in (0.1, 1e3))

    assert wide.n_clusters_found < narrow.n_clusters_found


def test_a_split_that_cuts_a_group_is_mended_by_a_merge():
    """Two-means cuts the long group in the middle; its halves merge when the others are apart."""
    generator = Generator().manual_seed(0)
    long = torch.randn(300, 2, generator=generator) * torch.tensor([20.0, 0.5])
    short = torch.randn(60, 2, generator=generator) * 0.5 + torch.tensor([0.0, 8.0])

    fitted = mixture().fit(
        torch.cat([long, short, short * torch.tensor([1.0, -1.0])]), 2, Generator()
    )

    assert fitted.n_clusters_found == 3


@pytest.mark.parametrize("samples", [torch.zeros(1, 3), torch.ones(50, 3), torch.zeros(2, 1)])
def test_one_sample_or_equal_ones_are_a_cluster(samples):
    fitted = mixture().fit(samples, 2, Generator())

    assert fitted.n_clusters_found == 1
    assert torch.equal(fitted.log_assignments(samples), torch.zeros(len(samples), 1))


@pytest.mark.parametrize(("n", "width"), [(2, 3), (20, 40), (300, 1)])
def test_few_samples_and_many_features_of_one_group_are_a_cluster(n, width):
    samples = torch.randn(n, width, generator=Generator().manual_seed(0))

    fitted = mixture().fit(samples, 2, Generator())

    assert fitted.n_clusters_found == 1
    assert fitted.log_assignments(samples).isfinite().all()


def test_many_groups_are_found_from_more_components():
    axis = torch.tensor([0.0, 12.0, 24.0])
    own = torch.arange(27).repeat(40)
    noise = torch.randn(len(own), 3, generator=Generator().manual_seed(0))
    samples = torch.cartesian_prod(axis, axis, axis)[own] + noise

    fitted = mixture(initial_clusters=50).fit(samples, 2, Generator())
    clusters = most_probable_clusters(fitted.log_assignments(samples))

    assert fitted.n_clusters_found == 27
    assert len({*zip(own.tolist(), clusters.tolist(), strict=True)}) == 27


def test_a_component_that_no_sample_belongs_to_is_left_out():
    """A few samples of a group with a component of their own join the group."""
    samples = torch.randn(2000, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    clusters = torch.zeros(2000, dtype=torch.int64)
    clusters[samples.norm(dim=1).argsort()[:3]] = 1
    prior = NormalInverseWishart(samples.mean(dim=0), 1e-4, 4.0, torch.eye(2).double())

    weights = mixture(max_em_steps=1000)._settled(samples, clusters, prior)

    assert weights.shape == (2000, 1)
    assert torch.equal(weights, torch.ones(2000, 1, dtype=torch.float64))
