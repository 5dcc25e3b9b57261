"""Density peaks: what is found, refused, and where new samples go."""

import pytest
import torch
from torch import Generator

from dcrf.clusterings.density_peaks import DensityPeaks
from dcrf.errors import ClusteringError
from dcrf.functional.assignments import most_probable_clusters


def groups(n=30, offset=0.0):
    generator = Generator().manual_seed(0)
    means = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 9.0], [8.0, 9.0]]).repeat(n, 1)
    return offset + means + 0.4 * torch.randn(4 * n, 2, generator=generator)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_the_number_of_clusters_is_found(offset):
    samples = groups(offset=offset)

    fitted = DensityPeaks(ratio=0.1).fit(samples, 99, Generator())
    clusters = most_probable_clusters(fitted.log_assignments(samples))

    assert fitted.n_clusters_found == 4
    assert torch.equal(clusters, torch.arange(4).repeat(30))


def test_new_samples_join_their_nearest_sample():
    fitted = DensityPeaks(ratio=0.1).fit(groups(), 2, Generator())

    log_assignments = fitted.log_assignments(torch.tensor([[7.0, 1.0], [1.0, 7.0]]))

    assert most_probable_clusters(log_assignments).tolist() == [1, 2]


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_too_many_samples_are_refused(device):
    with pytest.raises(ClusteringError, match="at most 200,000 samples, not 200,001; take hdbscan"):
        DensityPeaks(ratio=0.1).fit(torch.empty(200_001, 2, device=device), 2, Generator())
