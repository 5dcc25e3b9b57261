"""Principal component analysis against scikit-learn."""

import pytest
import torch
from sklearn.decomposition import PCA
from torch import Generator

from dcrf.clusterings.steps.pca import Pca
from dcrf.errors import ClusteringError


def draw(n, d):
    generator = Generator().manual_seed(0)
    mixed = torch.randn(n, d, generator=generator, dtype=torch.float64) * torch.arange(1, d + 1)
    return mixed @ torch.randn(d, d, generator=generator, dtype=torch.float64) + 100


@pytest.mark.parametrize(("n", "d"), [(40, 6), (6, 9), (7, 7), (9000, 3)])
def test_coordinates_are_those_of_scikit_learn(n, d):
    rows, new = draw(n, d), draw(n + 5, d)[n:]
    model = PCA(min(n, d, 4), svd_solver="full").fit(rows.numpy())

    step = Pca(n_components=min(n, d, 4)).fit(rows, Generator())

    for values in (rows[:100], new):
        expected = torch.from_numpy(model.transform(values.numpy()))
        torch.testing.assert_close(step(values).abs(), expected.abs(), atol=1e-6, rtol=1e-6)


def test_a_line_by_hand():
    rows = torch.tensor([[1.0, 1.0], [2.0, 3.0], [3.0, 5.0]])

    coordinates = Pca(n_components=1).fit(rows, Generator())(rows)

    assert coordinates.flatten().tolist() == pytest.approx([-(5**0.5), 0, 5**0.5], abs=1e-6)


def test_equal_rows_of_many_features_have_no_coordinates():
    rows = torch.ones(3, 5)

    assert Pca(n_components=2).fit(rows, Generator())(rows).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((100, 4), "is 5, but there are only 4 features; write at most 4"),
        ((3, 10), "is 5, but there are only 3 samples; write at most 3"),
        ((10**7, 10**7), "need .* GiB of memory"),
    ],
)
def test_more_axes_than_rows_have_are_refused(size, words):
    with pytest.raises(ClusteringError, match=words):
        Pca(n_components=5).width(*size)
