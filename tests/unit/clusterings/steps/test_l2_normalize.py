"""Rows of length 1."""

import pytest
import torch
from sklearn.preprocessing import normalize
from torch import Generator

from dcrf.clusterings.k_means import KMeans
from dcrf.clusterings.steps.l2_normalize import L2Normalize


def test_rows_are_those_of_scikit_learn():
    rows = torch.randn(20, 5, generator=Generator().manual_seed(0), dtype=torch.float64)

    unit = L2Normalize().fit(rows, Generator())(rows)

    torch.testing.assert_close(unit, torch.from_numpy(normalize(rows.numpy())))


def test_values_by_hand():
    rows = torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]])

    assert L2Normalize().fit(rows, Generator())(rows).tolist() == [
        pytest.approx([0.6, 0.8]),
        [0, 0],
        [0, -1],
    ]


def test_k_means_then_groups_by_angle():
    rows = torch.tensor([[1.0, 0], [100, 1], [0, 1], [1, 100]])

    clusters = L2Normalize().wrap(KMeans(num_restarts=3)).fit(rows, 2, Generator())

    first, second, third, fourth = clusters.log_assignments(rows).argmax(1).tolist()
    assert first == second != third == fourth
