"""Principal axes against the singular value decomposition, and by hand."""

import numpy as np
import pytest

from dcrf.functional.principal_axes import (
    fixed_signs,
    principal_axes,
    principal_axes_of_few,
    whitening_scales,
)


def centered(n, d):
    rows = np.random.default_rng(0).normal(size=(n, d)) * np.arange(1, d + 1)
    return rows - rows.mean(axis=0)


def reference(rows):
    _, lengths, axes = np.linalg.svd(rows, full_matrices=False)
    return lengths**2 / (len(rows) - 1), fixed_signs(axes)


def test_axes_are_the_right_singular_vectors():
    rows = centered(50, 6)
    variances, axes = reference(rows)

    found = principal_axes(rows.T @ rows, 50)

    np.testing.assert_allclose(found[0], variances)
    np.testing.assert_allclose(found[1], axes, atol=1e-9)


def test_axes_of_few_rows_are_the_same():
    rows = centered(6, 20)
    variances, axes = reference(rows)

    found = principal_axes_of_few(rows)

    np.testing.assert_allclose(found[0], variances, atol=1e-9)
    np.testing.assert_allclose(found[1][:5], axes[:5], atol=1e-9)
    assert not found[1][5].any()  # centered rows have one axis less


def test_signs_by_hand():
    axes = np.array([[0.6, -0.8], [0.8, 0.6], [0.0, -1.0]])

    assert fixed_signs(axes).tolist() == [[-0.6, 0.8], [0.8, 0.6], [0, 1]]


def test_scales_by_hand():
    assert whitening_scales(np.array([4.0, 0.25, 0.0]), 0).tolist() == [0.5, 2, 0]
    assert whitening_scales(np.array([3.0]), 1.0).tolist() == [0.5]


def test_whitened_rows_have_the_unit_covariance():
    rows = centered(200, 5)
    variances, axes = principal_axes(rows.T @ rows, 200)

    white = rows @ axes.T * whitening_scales(variances, 0) @ axes

    np.testing.assert_allclose(white.T @ white / 199, np.eye(5), atol=1e-9)
    covariance = rows.T @ rows / 199
    root = axes.T * whitening_scales(variances, 0) @ axes
    np.testing.assert_allclose(root @ root @ covariance, np.eye(5), atol=1e-9)


@pytest.mark.parametrize("n_samples", [1, 2])
def test_one_sample_has_no_variance(n_samples):
    assert principal_axes(np.zeros((2, 2)), n_samples)[0].tolist() == [0, 0]
