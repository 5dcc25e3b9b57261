"""The logarithm of features that count."""

import math

import pytest
import torch
from torch import Generator

from dcrf.clusterings.steps.log1p import Log1p
from dcrf.errors import ClusteringError


def test_values_by_hand():
    rows = torch.tensor([[0.0, 9, math.e - 1]], dtype=torch.float64)

    assert Log1p().fit(rows, Generator())(rows).tolist() == [pytest.approx([0, math.log(10), 1])]


@pytest.mark.parametrize("value", [-1.0, -3.5])
def test_values_without_a_logarithm_are_refused(value):
    rows = torch.tensor([[0.0], [value]])

    with pytest.raises(ClusteringError, match=f"the least one is {value:g}"):
        Log1p().fit(rows, Generator())
    with pytest.raises(ClusteringError, match="take min_max or standardize"):
        Log1p().fit(rows[:1], Generator())(rows)
