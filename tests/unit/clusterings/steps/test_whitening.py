"""ZCA whitening against the inverse square root of the covariance."""

import numpy as np
import pytest
import torch
from scipy.linalg import fractional_matrix_power
from sklearn.decomposition import PCA
from torch import Generator

from dcrf.clusterings.steps.pca import Pca
from dcrf.clusterings.steps.whitening import Whitening


def draw(n, d):
    generator = Generator().manual_seed(0)
    mixing = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mixing + 10


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_rows_are_multiplied_by_the_inverse_root_of_the_covariance(epsilon):
    rows, new = draw(60, 4), draw(70, 4)[60:]
    covariance = np.cov(rows.numpy().T) + epsilon * np.eye(4)
    root = torch.from_numpy(fractional_matrix_power(covariance, -0.5))

    white = Whitening(epsilon=epsilon).fit(rows, Generator())

    for values in (rows, new):
        torch.testing.assert_close(white(values), (values - rows.mean(0)) @ root)


def test_after_pca_it_is_pca_whitening():
    rows = draw(60, 5)
    coordinates = Pca(n_components=3).fit(rows, Generator())(rows)
    expected = torch.from_numpy(PCA(3, whiten=True).fit_transform(rows.numpy()))

    white = Whitening(epsilon=0.0).fit(coordinates, Generator())(coordinates)

    torch.testing.assert_close(white.abs(), expected.abs())


@pytest.mark.parametrize("n", [3, 20])
def test_directions_without_variance_are_dropped(n):
    rows = torch.cat([draw(n, 2), torch.full((n, 3), 7.0, dtype=torch.float64)], dim=1)
    new = rows + torch.tensor([0.0, 0, 1, 1, 1])

    white = Whitening(epsilon=1e-5).fit(rows, Generator())

    torch.testing.assert_close(white(new), white(rows))
    assert white(new)[:, 2:].abs().max() < 1e-6


def test_values_by_hand():
    rows = torch.tensor([[0.0, 0], [2, 0], [0, 20], [2, 20]])

    white = Whitening(epsilon=0.0).fit(rows, Generator())(rows)

    half = 0.75**0.5  # the variances are 4/3 and 400/3
    torch.testing.assert_close(white, half * torch.tensor([[-1.0, -1], [1, -1], [-1, 1], [1, 1]]))
