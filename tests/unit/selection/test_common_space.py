import numpy as np
import pytest
from sklearn.decomposition import PCA

from dcrf.selection.common_space import COMPONENTS, principal_components


def rows(n, d, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, d)) * np.linspace(3, 1, d) + 100


@pytest.mark.parametrize(("n", "d"), [(50, 30), (20, 30), (50, 4)])
def test_they_are_those_of_scikit_learn_up_to_signs(n, d):
    values = rows(n, d)
    expected = PCA(min(COMPONENTS, d)).fit_transform(values)

    np.testing.assert_allclose(np.abs(principal_components(values)), np.abs(expected), atol=1e-6)


def test_equal_rows_are_one_point():
    assert not principal_components(np.ones((5, 3))).any()
