"""Mean 0 and variance 1."""

import torch
from sklearn.preprocessing import StandardScaler
from torch import Generator

from dcrf.clusterings.steps.standardize import Standardize


def test_rows_are_those_of_scikit_learn():
    rows = 5 + 3 * torch.randn(50, 4, generator=Generator().manual_seed(0), dtype=torch.float64)
    training, new = rows[:40], rows[40:]
    reference = StandardScaler().fit(training.numpy())

    step = Standardize().fit(training, Generator())

    for values in (training, new):
        torch.testing.assert_close(
            step(values), torch.from_numpy(reference.transform(values.numpy()))
        )


def test_values_by_hand():
    rows = torch.tensor([[1.0, 7, 1e6], [3, 7, 1e6 + 2]])

    assert Standardize().fit(rows, Generator())(rows).tolist() == [[-1, 0, -1], [1, 0, 1]]
