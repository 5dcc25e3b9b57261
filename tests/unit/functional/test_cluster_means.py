import numpy as np
import torch

from dcrf.functional.cluster_means import cluster_means


def test_means_of_clusters_by_hand_and_an_empty_cluster_keeps_its_own():
    rows = torch.tensor([[0.0, 2.0], [4.0, 4.0], [2.0, 0.0]])
    means = torch.tensor([[9.0, 9.0], [7.0, 7.0]])

    assert cluster_means(rows, torch.tensor([1, 1, 1]), means).tolist() == [[9, 9], [2, 2]]


def test_they_equal_means_of_selected_rows_far_from_the_origin():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(200, 3, generator=generator) + 1000
    clusters = torch.randint(4, (200,), generator=generator)
    expected = [rows.double().numpy()[clusters == k].mean(axis=0) for k in range(4)]

    means = cluster_means(rows, clusters, torch.zeros(4, 3))

    torch.testing.assert_close(means, torch.from_numpy(np.array(expected)).float())
