"""Results that assign samples like their nearest sample."""

import pytest
import torch

from dcrf.clusterings.fitted import NearestSample
from dcrf.functional.assignments import most_probable_clusters


def test_new_samples_are_like_their_nearest_one_within_the_radius():
    samples = torch.tensor([[0.0], [1.0], [5.0], [9.0]])
    fitted = NearestSample(samples, torch.tensor([2, 0, 0, -1]), 3, radius=2.0)
    features = torch.tensor([[0.4], [0.6], [3.0], [3.2], [6.99], [7.1], [11.1], [-2.1]])

    clusters = most_probable_clusters(fitted.log_assignments(features))

    assert clusters.tolist() == [2, 0, 0, 0, 0, -1, -1, -1]
    assert fitted.sizes.tolist() == [2, 0, 1]


def test_an_unfitted_result_loads_samples_clusters_and_their_number():
    fitted = NearestSample(torch.rand(4, 3), torch.tensor([1, 0, -1, 1]), 5, 2.5)
    fresh = NearestSample.unfitted()

    assert (fresh.n_clusters_found, fresh.is_fitted) == (0, False)
    fresh.load_state_dict(fitted.state_dict())

    assert (fresh.n_clusters_found, fresh.radius.item()) == (5, 2.5)
    assert torch.equal(fresh.samples, fitted.samples)
    assert torch.equal(fresh.clusters, fitted.clusters)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_assignments_have_the_type_of_the_features(dtype):
    fitted = NearestSample(torch.rand(4, 3), torch.zeros(4, dtype=torch.int64), 1)

    assert fitted.log_assignments(torch.rand(2, 3, dtype=dtype)).dtype == dtype
